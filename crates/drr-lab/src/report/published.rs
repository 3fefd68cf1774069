//! The figures of the paper and of the student report beside those of this run, protocol by protocol.

use crate::judge::figures::{Judged, RunMetrics};
use drr_eval::Metric;
use drr_eval::report::{Cell, Table};

/// One published line.
struct Line {
    source: &'static str,
    who: &'static str,
    figures: [Option<f64>; 4],
}

const fn line(source: &'static str, who: &'static str, figures: [Option<f64>; 4]) -> Line {
    Line { source, who, figures }
}

#[expect(clippy::approx_constant, reason = "a published figure that happens to be near a constant")]
/// Liu et al. 2018, offline results, MovieLens 1M: P@5, P@10, NDCG@5, NDCG@10 of the offline evaluation.
const PAPER: [Line; 7] = [
    line("paper", "Popularity", [Some(0.7141), Some(0.6181), Some(0.8906), Some(0.8738)]),
    line("paper", "PMF", [Some(0.7072), Some(0.6193), Some(0.8901), Some(0.8746)]),
    line("paper", "SVD++", [Some(0.7142), Some(0.6258), Some(0.9009), Some(0.8776)]),
    line("paper", "DRR-n", [Some(0.7151), Some(0.6221), Some(0.8902), Some(0.8751)]),
    line("paper", "DRR-p", [Some(0.7346), Some(0.6366), Some(0.8909), Some(0.8753)]),
    line("paper", "DRR-u", [Some(0.7375), Some(0.6385), Some(0.8912), Some(0.8763)]),
    line("paper", "DRR-ave", [Some(0.7693), Some(0.6594), Some(0.9112), Some(0.8980)]),
];
/// The student report, whose embeddings had seen the test items: P@10 and NDCG@10.
const REPORT: [Line; 1] = [line("report (leaky)", "DRR-ave", [None, Some(0.4397), None, Some(0.4256)])];

/// The table, for MovieLens 1M.
pub fn table(metrics: &RunMetrics) -> Table {
    let mut rows = Vec::new();
    for (table, ndcg, published) in [
        ("rerank", Metric::NdcgRetrievedIdeal, &PAPER[..]),
        ("first_ratings", Metric::NdcgConstantIdeal, &REPORT[..]),
    ] {
        let ours = metrics.table(table);
        if ours.is_empty() {
            continue;
        }
        rows.extend(published.iter().map(|it| row(table, it.source, it.who, it.figures)));
        rows.extend(
            ours.into_iter().map(|it| row(table, "this run", &it.summary.recommender, figures(it, ndcg))),
        );
    }
    let columns = ["protocol", "source", "recommender", "P@5", "P@10", "NDCG@5", "NDCG@10"];
    Table {
        caption: "This run beside the published figures for MovieLens 1M. NDCG is NDCG* under \"rerank\" and the one with a constant ideal under \"first_ratings\", which is what fits the published levels. The paper gives neither seed, nor variance, nor its exact split and divisor, so compare the lift over popularity; the report's embeddings had seen the test items.".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows,
        ..Table::default()
    }
}

fn figures(judged: &Judged, ndcg: Metric) -> [Option<f64>; 4] {
    let of = |metric, k| judged.summary.metric(metric, k).map(|it| it.mean);
    [of(Metric::Precision, 5), of(Metric::Precision, 10), of(ndcg, 5), of(ndcg, 10)]
}

fn row(table: &str, source: &str, who: &str, figures: [Option<f64>; 4]) -> Vec<Cell> {
    let mut cells = [table, source, who].map(Cell::text).to_vec();
    cells.extend(figures.map(|it| it.map_or_else(|| Cell::text("-"), |value| Cell::value(value, 4))));
    cells
}
