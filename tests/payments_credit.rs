//! A session's credit: go-livepeer's vectors, overpayment in closed form, and
//! books that balance whatever happens.

mod common;

use common::AI_TICKET_EV;
use orchsim::payments::{BALANCE_TTL, LossCause, SessionCredit, Staged};
use orchsim::units::{Price, SimTime, Wei};
use proptest::prelude::*;

fn seconds(seconds: f64) -> SimTime {
    SimTime::from_secs(seconds)
}

/// A session that holds `credit`: a free request paid with one ticket.
fn session_with(credit: u128) -> SessionCredit {
    let mut session = SessionCredit::default();
    let staged = session.stage(Wei::ZERO, Wei(credit)).unwrap();
    let settled = session.commit(staged, SimTime::ZERO);
    assert_eq!((settled.surplus, session.credit()), (Wei(credit), Wei(credit)));
    session
}

#[test]
fn tickets_fill_the_gap_to_the_minimum_credit() {
    // core/accounting_test.go TestBalance_StageUpdate in quarters of its unit:
    // credit, minimum, EV, tickets.
    let vectors = [(8, 4, 4, 0), (8, 8, 4, 0), (4, 20, 4, 4), (1, 8, 4, 2), (0, 8, 4, 2)];
    for (credit, minimum, ev, tickets) in vectors {
        let mut session = session_with(credit);
        let staged = session.stage(Wei(minimum), Wei(ev)).unwrap();
        let expected = Staged {
            fee: Wei(minimum),
            tickets,
            new_credit: Wei(u128::from(tickets) * ev),
            reserved_credit: Wei(credit),
        };
        assert_eq!(staged, expected);
        assert_eq!(session.credit(), Wei::ZERO);
    }
}

#[test]
fn a_payment_is_worth_at_least_one_ticket() {
    // server/rpc_test.go TestNewBalanceUpdate: the minimum is raised to the EV.
    let staged = SessionCredit::default().stage(Wei(1), Wei(500)).unwrap();
    assert_eq!((staged.tickets, staged.new_credit), (1, Wei(500)));
    // server/live_payment_test.go TestSendPayment: a million pixels at one wei.
    let mut session = SessionCredit::default();
    let staged = session.stage(Wei(1_000_000), Wei(1_000_000)).unwrap();
    assert_eq!(staged.tickets, 1);
    let settled = session.commit(staged, SimTime::ZERO);
    assert_eq!((settled.fee, session.credit()), (Wei(1_000_000), Wei::ZERO));
    // Tickets of no value pay for what is free, and nothing else.
    assert!(SessionCredit::default().stage(Wei::ZERO, Wei::ZERO).is_some());
    assert_eq!(SessionCredit::default().stage(Wei(1), Wei::ZERO), None);
}

#[test]
fn a_second_request_in_flight_pays_for_itself() {
    let mut session = session_with(700);
    let first = session.stage(Wei(300), Wei(500)).unwrap();
    let second = session.stage(Wei(300), Wei(500)).unwrap();
    assert_eq!((first.tickets, second.tickets), (0, 1));
    assert_eq!(second.reserved_credit, Wei::ZERO);
    let (first, second) =
        (session.commit(first, SimTime::ZERO), session.commit(second, SimTime::ZERO));
    assert_eq!((first.surplus, second.surplus, session.credit()), (Wei(400), Wei(200), Wei(600)));
}

#[test]
fn a_failure_loses_old_and_new_credit_a_refusal_only_the_old() {
    let stage = || session_with(200).stage(Wei(600), Wei(500)).unwrap();
    let lost = stage().forfeit();
    assert_eq!((lost.amount, lost.cause), (Wei(700), LossCause::Failure));
    let lost = stage().refuse();
    assert_eq!((lost.amount, lost.cause), (Wei(200), LossCause::PaymentRefused));
}

#[test]
fn an_idle_balance_vanishes_after_ten_to_twenty_minutes() {
    let opened = SimTime::ZERO;
    let mut session = session_with(5);
    assert_eq!(session.expires_at(opened), seconds(1200.0));
    assert!(!session.has_expired(seconds(1199.9), opened));
    assert!(session.has_expired(seconds(1200.0), opened));
    assert_eq!(session.close(LossCause::Expiry).amount, Wei(5));
    assert!(!session.has_expired(seconds(2400.0), opened));
    // Reserving is not a change, committing is.
    let mut session = session_with(5);
    let staged = session.stage(Wei(3), Wei(1)).unwrap();
    assert!(!session.has_expired(seconds(1200.0), opened));
    let _ = session.commit(staged, seconds(700.0));
    assert!(!session.has_expired(seconds(1799.9), opened));
    assert!(session.has_expired(seconds(1800.0), opened));
}

/// Wei sent over wei owed for `jobs` images of 512 x 512 at 4,768,371 wei a
/// pixel, one after another on one session.
fn overpayment(jobs: u32, ev: Wei) -> f64 {
    let fee = Price::new(4_768_371, 1).unwrap().fee(512 * 512);
    let mut session = SessionCredit::default();
    let (mut sent, mut owed) = (0, 0);
    for _ in 0..jobs {
        let staged = session.stage(fee, ev).unwrap();
        sent += staged.new_credit.0;
        owed += session.commit(staged, SimTime::ZERO).fee.0;
    }
    sent as f64 / owed as f64
}

#[test]
fn an_isolated_image_costs_two_and_a_half_fees_a_dense_stream_one() {
    for ev in [AI_TICKET_EV, Wei(3_000_000_000_000)] {
        assert!((overpayment(1, ev) - 2.4).abs() < 1e-6);
        // A fee below the EV leaves less than two tickets and a fee: 3.8 fees.
        let dense = overpayment(10_000, ev);
        assert!((1.0..1.000_38).contains(&dense), "{dense}");
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Stage { fee: u64, ev: u64 },
    Commit(usize),
    Forfeit(usize),
    Refuse(usize),
    Close(LossCause),
    Sweep,
    Wait(u64),
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0u64..5_000, 1u64..2_000).prop_map(|(fee, ev)| Event::Stage { fee, ev }),
        4 => any::<usize>().prop_map(Event::Commit),
        1 => any::<usize>().prop_map(Event::Forfeit),
        1 => any::<usize>().prop_map(Event::Refuse),
        1 => prop::sample::select(&LossCause::ALL[..]).prop_map(Event::Close),
        2 => Just(Event::Sweep),
        2 => (0u64..900).prop_map(Event::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// What was sent is earned, lost, on the session or in flight.
    #[test]
    fn no_wei_is_lost_unbooked(events in prop::collection::vec(events(), 0..60)) {
        let mut session = SessionCredit::default();
        let mut in_flight: Vec<Staged> = Vec::new();
        let (mut sent, mut earned, mut lost) = (0, 0, 0);
        let (mut now, mut changed) = (SimTime::ZERO, SimTime::ZERO);
        let pick = |in_flight: &mut Vec<Staged>, index: usize| {
            (!in_flight.is_empty()).then(|| in_flight.swap_remove(index % in_flight.len()))
        };
        for event in events {
            match event {
                Event::Stage { fee, ev } => {
                    let before = session.credit().0;
                    let (fee, ev) = (u128::from(fee), u128::from(ev));
                    let staged = session.stage(Wei(fee), Wei(ev)).unwrap();
                    let worth = before + u128::from(staged.tickets) * ev;
                    prop_assert_eq!(staged.credit().0, worth);
                    prop_assert!(worth >= fee.max(ev));
                    prop_assert!(staged.tickets == 0 || worth - ev < fee.max(ev));
                    sent += staged.new_credit.0;
                    in_flight.push(staged);
                }
                Event::Commit(index) => if let Some(staged) = pick(&mut in_flight, index) {
                    earned += session.commit(staged, now).fee.0;
                    changed = now;
                },
                Event::Forfeit(index) => if let Some(staged) = pick(&mut in_flight, index) {
                    lost += staged.forfeit().amount.0;
                },
                Event::Refuse(index) => if let Some(staged) = pick(&mut in_flight, index) {
                    sent -= staged.new_credit.0;
                    lost += staged.refuse().amount.0;
                },
                Event::Close(cause) => lost += session.close(cause).amount.0,
                Event::Sweep => {
                    let last_sweep = SimTime(now.0 / BALANCE_TTL.0 * BALANCE_TTL.0);
                    let due = session.credit() > Wei::ZERO && last_sweep > changed + BALANCE_TTL;
                    prop_assert_eq!(session.has_expired(now, SimTime::ZERO), due);
                    if due {
                        lost += session.close(LossCause::Expiry).amount.0;
                    }
                }
                Event::Wait(span) => now = now + seconds(span as f64),
            }
            let held: u128 = in_flight.iter().map(|staged| staged.credit().0).sum();
            prop_assert_eq!(sent, earned + lost + session.credit().0 + held);
        }
    }

    /// The sweep that deletes a balance is the first more than ten minutes
    /// after its last change.
    #[test]
    fn balances_expire_at_the_first_sweep_that_is_due(opened in 0u64..2000, idle in 0u64..5000) {
        let mut session = session_with(5);
        let staged = session.stage(Wei(1), Wei(1)).unwrap();
        let _ = session.commit(staged, seconds((opened + idle) as f64));
        let sweeps = (0..).map(|number| opened + 600 * number);
        let due = sweeps.into_iter().find(|&at| at > opened + idle + 600).unwrap();
        let opened = seconds(opened as f64);
        prop_assert_eq!(session.expires_at(opened), seconds(due as f64));
        prop_assert!(!session.has_expired(SimTime(seconds(due as f64).0 - 1), opened));
        prop_assert!(session.has_expired(seconds(due as f64), opened));
    }
}
