//! The soft update of target networks.

use crate::{NnError, Parameters};
use candle_core::{CpuStorage, InplaceOp2, Layout};

/// Moves every target parameter: `theta' <- tau theta + (1 - tau) theta'` (Liu et al. 2018, algorithm 1).
///
/// # Errors
///
/// Fails if both sides do not have the same names and shapes.
pub fn soft_update(targets: &Parameters, online: &Parameters, tau: f32) -> Result<(), NnError> {
    for ((name, target), (other_name, source)) in targets.iter().zip(online.iter()) {
        if name != other_name || target.dims() != source.dims() {
            let found = format!("{other_name} {:?}", source.dims());
            return Err(NnError::Array { name: name.to_owned(), expected: target.dims().to_vec(), found });
        }
        target.as_tensor().inplace_op2(source.as_tensor(), &SoftUpdate { tau })?;
    }
    Ok(())
}

struct SoftUpdate {
    tau: f32,
}

impl InplaceOp2 for SoftUpdate {
    fn name(&self) -> &'static str {
        "soft-update"
    }

    fn cpu_fwd(
        &self,
        target: &mut CpuStorage,
        target_layout: &Layout,
        source: &CpuStorage,
        source_layout: &Layout,
    ) -> candle_core::Result<()> {
        let n_values = target_layout.shape().elem_count();
        let CpuStorage::F32(targets) = target else {
            candle_core::bail!("soft updates are single precision")
        };
        let targets = &mut targets[target_layout.start_offset()..][..n_values];
        let sources = &source.as_slice::<f32>()?[source_layout.start_offset()..][..n_values];
        for (target, source) in targets.iter_mut().zip(sources) {
            *target = self.tau * source + (1.0 - self.tau) * *target;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_moves_by_tau_and_the_online_network_stays() -> Result<(), NnError> {
        let (mut targets, mut online) = (Parameters::new(), Parameters::new());
        let target = targets.filled("a.weight", 2, 1.0)?;
        let source = online.given("a.weight", 2, vec![3.0, 5.0])?;
        soft_update(&targets, &online, 0.25)?;
        assert_eq!(target.to_vec1::<f32>()?, [1.5, 2.0]);
        assert_eq!(source.to_vec1::<f32>()?, [3.0, 5.0]);
        Ok(())
    }

    #[test]
    fn networks_of_other_names_are_refused() -> Result<(), NnError> {
        let (mut targets, mut online) = (Parameters::new(), Parameters::new());
        targets.filled("a.weight", 2, 1.0)?;
        online.filled("b.weight", 2, 1.0)?;
        let error = soft_update(&targets, &online, 0.5).unwrap_err().to_string();
        assert!(error.contains("a.weight") && error.contains("found b.weight"), "{error}");
        Ok(())
    }
}
