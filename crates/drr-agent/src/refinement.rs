//! The critic's choice among the items nearest to an action (Wolpertinger: Dulac-Arnold et al. 2015).

use crate::RefinementConfig;
use crate::action::not_finite;
use crate::networks::Networks;
use candle_core::{Device, Tensor};
use drr_core::ScoredItem;
use drr_learn::{LearnError, ListRequest};

/// The lists of rows in states `[B, S]`: the nearest items in the critic's order, then the rest. `nearest` gives the
/// items by their products with the actions.
pub(crate) fn refined(
    config: &RefinementConfig,
    networks: &Networks,
    states: &Tensor,
    request: ListRequest<'_>,
    nearest: impl FnOnce(ListRequest<'_>) -> Result<Vec<Vec<ScoredItem>>, LearnError>,
) -> Result<Vec<Vec<ScoredItem>>, LearnError> {
    let ListRequest { name, rows, k } = request;
    let n_near = config.n_neighbours(networks.items.dim(0)?);
    let mut lists = nearest(ListRequest { k: k.max(n_near), ..request })?;
    let near: Vec<&[ScoredItem]> = lists.iter().map(|list| &list[..n_near.min(list.len())]).collect();
    let values = values(networks, states, &near)?;
    for ((list, values), (user, _)) in lists.iter_mut().zip(values).zip(rows) {
        reorder(&mut list[..values.len()], &values, config.weight)
            .map_err(|bad| not_finite(name, *user, bad))?;
        list.truncate(k);
    }
    Ok(lists)
}

/// The values of the items in the lists of states `[B, S]`, list by list; the lesser of both critics'.
pub(crate) fn values(
    networks: &Networks,
    states: &Tensor,
    lists: &[&[ScoredItem]],
) -> Result<Vec<Vec<f32>>, LearnError> {
    let n_pairs: usize = lists.iter().map(|list| list.len()).sum();
    if n_pairs == 0 {
        return Ok(vec![Vec::new(); lists.len()]);
    }
    let ids: Vec<u32> = lists.iter().flat_map(|list| list.iter().map(|it| it.item.0)).collect();
    let rows: Vec<u32> =
        (0_u32..).zip(lists).flat_map(|(row, list)| std::iter::repeat_n(row, list.len())).collect();
    let items = networks.items.detach().index_select(&Tensor::from_vec(ids, n_pairs, &Device::Cpu)?, 0)?;
    let rows = Tensor::from_vec(rows, n_pairs, &Device::Cpu)?;
    let mut least: Option<Tensor> = None;
    for critic in networks.critics() {
        let critic = critic.detached();
        let values = critic.join(&critic.hidden(&states.detach())?.index_select(&rows, 0)?, &items)?;
        least = Some(match least {
            Some(least) => least.minimum(&values)?,
            None => values,
        });
    }
    let flat: Vec<f32> = least.map_or_else(|| Ok(Vec::new()), |least| least.to_vec1())?;
    let mut rest = flat.as_slice();
    let mut split = |list: &&[ScoredItem]| {
        let (values, others) = rest.split_at(list.len());
        rest = others;
        values.to_vec()
    };
    Ok(lists.iter().map(&mut split).collect())
}

/// Brings the nearest items, best first, into the order of `(1 - weight) z(e_i . a) + weight z(Q)`, `z` to mean 0 and
/// variance 1. Their new scores lie above the least they had, and so above all items that are no neighbours.
pub(crate) fn reorder(near: &mut [ScoredItem], values: &[f32], weight: f32) -> Result<(), ScoredItem> {
    if let Some((it, value)) = near.iter().zip(values).find(|(_, value)| !value.is_finite()) {
        return Err(ScoredItem { item: it.item, score: *value });
    }
    let Some(floor) = near.last().map(|it| it.score) else { return Ok(()) };
    let products: Vec<f32> = near.iter().map(|it| it.score).collect();
    let both = standardized(&products).into_iter().zip(standardized(values));
    let weight = f64::from(weight);
    let blended: Vec<f64> =
        both.map(|(product, value)| (1.0 - weight).mul_add(product, weight * value)).collect();
    let least = blended.iter().copied().fold(f64::INFINITY, f64::min);
    for (it, blended) in near.iter_mut().zip(blended) {
        #[expect(clippy::cast_possible_truncation, reason = "scores are single precision")]
        let above = (1.0 + blended - least) as f32;
        it.score = floor + above;
    }
    near.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item)));
    Ok(())
}

/// Values less their mean, divided by their standard deviation; zeros where all are equal.
fn standardized(values: &[f32]) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a mean needs no exact count")]
    let n_values = values.len() as f64;
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / n_values;
    let centred: Vec<f64> = values.iter().map(|value| f64::from(*value) - mean).collect();
    let deviation = (centred.iter().map(|value| value * value).sum::<f64>() / n_values).sqrt();
    centred.iter().map(|value| if deviation > 0.0 { value / deviation } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::ItemIdx;

    fn near() -> Vec<ScoredItem> {
        [(4, 3.0), (1, 2.0), (7, 1.0)].map(|(item, score)| ScoredItem { item: ItemIdx(item), score }).to_vec()
    }

    fn order(values: &[f32], weight: f32) -> Vec<u32> {
        let mut near = near();
        reorder(&mut near, values, weight).unwrap();
        assert!(
            near.windows(2).all(|pair| pair[0].score >= pair[1].score) && near[2].score > 1.0,
            "{near:?}"
        );
        near.iter().map(|it| it.item.0).collect()
    }

    #[test]
    fn the_weight_leads_from_the_order_of_the_products_to_that_of_the_values() {
        assert_eq!(order(&[0.0, 5.0, 1.0], 1.0), [1, 7, 4]);
        assert_eq!(order(&[0.0, 5.0, 1.0], 0.0), [4, 1, 7]);
        // The standardized products are 1.22, 0, -1.22, the values -0.93, 1.39, -0.46.
        assert_eq!(order(&[0.0, 5.0, 1.0], 0.5), [1, 4, 7]);
        assert_eq!(order(&[2.0; 3], 1.0), [1, 4, 7], "equal scores go to the smaller item");
    }

    #[test]
    fn a_value_that_is_not_finite_is_handed_back_with_its_item() {
        let bad = reorder(&mut near(), &[0.0, f32::NAN, 1.0], 1.0).unwrap_err();
        assert!(bad.item == ItemIdx(1) && bad.score.is_nan());
        assert!(reorder(&mut [], &[], 1.0).is_ok());
    }

    #[test]
    fn there_is_at_least_one_neighbour() {
        let config = |neighbours| RefinementConfig { neighbours, serve: true, weight: 1.0 };
        assert_eq!(config(0.01).n_neighbours(3706), 37);
        assert_eq!((config(0.01).n_neighbours(10), config(1.0).n_neighbours(10)), (1, 10));
    }
}
