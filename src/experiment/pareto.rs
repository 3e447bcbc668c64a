/// Which of the points no other point dominates. Each point is a list of
/// costs, all of the same length, lower being better; a point dominates
/// another where it is nowhere worse and somewhere better. Points that are all
/// alike stay together. NaN counts as the highest cost.
pub fn front(points: &[Vec<f64>]) -> Vec<bool> {
    let costs: Vec<Vec<f64>> = points
        .iter()
        .map(|point| point.iter().map(|&c| if c.is_nan() { f64::INFINITY } else { c }).collect())
        .collect();
    // Whatever dominates a point comes before it in lexicographic order, and
    // so does something on the front that dominates it.
    let mut order: Vec<usize> = (0..costs.len()).collect();
    order.sort_by(|&a, &b| costs[a].partial_cmp(&costs[b]).unwrap_or(std::cmp::Ordering::Equal));
    let mut on_front = vec![false; costs.len()];
    let mut front: Vec<usize> = Vec::new();
    for index in order {
        let point = &costs[index];
        if !front.iter().any(|&other| dominates(&costs[other], point)) {
            front.push(index);
            on_front[index] = true;
        }
    }
    on_front
}

fn dominates(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a <= b) && a != b
}
