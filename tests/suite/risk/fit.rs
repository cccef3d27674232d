//! Logistic regression by Newton's method (iteratively reweighted least squares), and the area under
//! the curve that a ranking has.

/// Measures of a commit with the constant before them.
pub const INPUTS: usize = 8;

/// Keeps the solution unique where measures hardly differ; next to tens of thousands of rows it
/// changes nothing that is shown. The intercept is free of it.
const RIDGE: f64 = 1.0;

/// A row: its measures, and whether it was later blamed.
pub type Row = ([f64; INPUTS], bool);

/// The coefficients under which the rows are likeliest.
pub fn fit(rows: &[Row]) -> [f64; INPUTS] {
    let mut coefficients = [0.0; INPUTS];
    for _ in 0..50 {
        let mut gradient = [0.0; INPUTS];
        let mut curvature = [[0.0; INPUTS]; INPUTS];
        for (inputs, blamed) in rows {
            let chance = 1.0 / (1.0 + (-dot(inputs, &coefficients)).exp());
            let error = f64::from(u8::from(*blamed)) - chance;
            let certainty = chance * (1.0 - chance);
            for row in 0..INPUTS {
                gradient[row] += error * inputs[row];
                for column in 0..INPUTS {
                    curvature[row][column] += certainty * inputs[row] * inputs[column];
                }
            }
        }
        for index in 1..INPUTS {
            gradient[index] -= RIDGE * coefficients[index];
            curvature[index][index] += RIDGE;
        }
        let step = solve(curvature, gradient);
        for (coefficient, step) in coefficients.iter_mut().zip(step) {
            *coefficient += step;
        }
        if step.iter().all(|step| step.abs() < 1e-9) {
            return coefficients;
        }
    }
    panic!("the fit does not settle");
}

fn dot(left: &[f64; INPUTS], right: &[f64; INPUTS]) -> f64 {
    left.iter()
        .zip(right)
        .map(|(left, right)| left * right)
        .sum()
}

/// Gaussian elimination; the matrix is symmetric and positive definite, so no row is exchanged.
fn solve(mut matrix: [[f64; INPUTS]; INPUTS], mut right: [f64; INPUTS]) -> [f64; INPUTS] {
    for pivot in 0..INPUTS {
        for row in pivot + 1..INPUTS {
            let pivots = matrix[pivot];
            let part = matrix[row][pivot] / pivots[pivot];
            for (value, pivot) in matrix[row].iter_mut().zip(pivots).skip(pivot) {
                *value -= part * pivot;
            }
            right[row] -= part * right[pivot];
        }
    }
    for row in (0..INPUTS).rev() {
        for column in row + 1..INPUTS {
            right[row] -= matrix[row][column] * right[column];
        }
        right[row] /= matrix[row][row];
    }
    right
}

/// The chance that a blamed row scores above one that is not, equal scores counted half (the
/// Mann-Whitney statistic).
pub fn area_under_curve(scores: &[f64], blamed: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|left, right| scores[*left].total_cmp(&scores[*right]));
    let (mut below, mut pairs, mut won) = (0.0, 0.0, 0.0);
    for equal in order.chunk_by(|left, right| scores[*left].total_cmp(&scores[*right]).is_eq()) {
        let mut good = 0.0;
        let mut bad = 0.0;
        for row in equal {
            *(if blamed[*row] { &mut bad } else { &mut good }) += 1.0;
        }
        won += bad * (below + good / 2.0);
        below += good;
        pairs += bad;
    }
    won / (pairs * below)
}

#[test]
fn a_known_curve_is_fitted_again() {
    // Of rows with ln 1 to ln 4 as only measure, the share that the curve -1 + 2x says is blamed.
    let mut rows: Vec<Row> = Vec::new();
    for measure in [0.0_f32, 0.5, 1.0, 1.5] {
        let chance = 1.0 / (1.0 + (1.0 - 2.0 * f64::from(measure)).exp());
        for number in 0..100_000 {
            let mut inputs = [0.0; INPUTS];
            (inputs[0], inputs[1]) = (1.0, f64::from(measure));
            rows.push((inputs, f64::from(number) < chance * 100_000.0));
        }
    }
    let fitted = fit(&rows);
    assert!((fitted[0] + 1.0).abs() < 0.01, "{fitted:?}");
    assert!((fitted[1] - 2.0).abs() < 0.01, "{fitted:?}");
}

#[test]
fn the_area_counts_pairs() {
    for (scores, blamed, area) in [
        ([1.0, 2.0, 3.0, 4.0], [false, false, true, true], 1.0),
        ([1.0, 2.0, 3.0, 4.0], [true, true, false, false], 0.0),
        ([1.0, 1.0, 1.0, 1.0], [true, false, true, false], 0.5),
        ([1.0, 2.0, 3.0, 4.0], [false, true, false, true], 0.75),
    ] {
        assert!((area_under_curve(&scores, &blamed) - area).abs() < 1e-12);
    }
}
