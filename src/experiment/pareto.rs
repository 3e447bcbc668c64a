/// Which of the points no other point dominates. Each point is a list of
/// costs, all of the same length, lower being better; a point dominates
/// another where it is nowhere worse and somewhere better. Points that are all
/// alike stay together. One with a cost that is not known (NaN) is not on the front,
/// unless nobody's is.
pub fn front(points: &[Vec<f64>]) -> Vec<bool> {
    let costs = points.first().map_or(0, Vec::len);
    let known: Vec<usize> =
        (0..costs).filter(|&cost| points.iter().any(|point| !point[cost].is_nan())).collect();
    let compared: Vec<Vec<f64>> =
        points.iter().map(|point| known.iter().map(|&cost| point[cost]).collect()).collect();
    let is_known = |&index: &usize| compared[index].iter().all(|cost| !cost.is_nan());
    // Whatever dominates a point comes before it in lexicographic order, and
    // so does something on the front that dominates it.
    let mut order: Vec<usize> = (0..points.len()).filter(is_known).collect();
    order.sort_by(|&a, &b| {
        compared[a].partial_cmp(&compared[b]).unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut on_front = vec![false; points.len()];
    let mut front: Vec<usize> = Vec::new();
    for index in order {
        let point = &compared[index];
        if !front.iter().any(|&other| dominates(&compared[other], point)) {
            front.push(index);
            on_front[index] = true;
        }
    }
    on_front
}

fn dominates(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a <= b) && a != b
}
