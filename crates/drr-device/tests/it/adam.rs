//! The optimizer against the formula of `drr-kernels`.

use crate::executors::{assert_close, floats, numbers, on_each};
use drr_device::{Counters, Kind, Memory, Optimizer, OptimizerConfig, Status, Values};
use drr_kernels::adam::{AdamStep, Moving, soft_update, sum_of_squares};

const N: usize = 3000;
const CONFIG: OptimizerConfig = OptimizerConfig { learning_rate: 1e-2, l2: 1e-2, max_gradient_norm: 1.0 };
const TAU: f32 = 0.05;

#[test]
fn three_steps_equal_those_of_the_cpu() {
    let mut memory = Memory::default();
    let counters = Counters::default().place(&mut memory);
    let decayed = [0..1000, 1500..2900];
    let optimizer = Optimizer::new(CONFIG, N, &decayed, (counters, 1), &mut memory);
    let parameters = memory.add(Values::F32(numbers(N, 1)));
    let targets = memory.add(Values::F32(numbers(N, 2)));
    on_each("adam", &memory, |executor| {
        let (mut value, mut target) = (numbers(N, 1), numbers(N, 2));
        let (mut first, mut second) = (vec![0.0; N], vec![0.0; N]);
        for update in 1..=3 {
            let mut gradients = numbers(N, 10 + update);
            // The second step is small enough to go unclipped; tiny moments become zero.
            let factor = if update == 2 { 1e-3 } else { 1.0 };
            gradients.iter_mut().for_each(|it| *it *= factor);
            gradients[7] = 1e-38;
            executor
                .write(optimizer.gradients, &Values::F32(gradients.clone()))
                .expect("the device does as the CPU");
            executor
                .run(&optimizer.step(parameters, Some((targets, TAU))), 1)
                .expect("the device does as the CPU");
            let norm = sum_of_squares(&gradients).sqrt();
            let step = AdamStep::new(CONFIG.learning_rate, norm, CONFIG.max_gradient_norm, update);
            for (range, l2) in
                [(0..1000, CONFIG.l2), (1000..1500, 0.0), (1500..2900, CONFIG.l2), (2900..N, 0.0)]
            {
                let moving = Moving {
                    parameters: &mut value[range.clone()],
                    gradients: &gradients[range.clone()],
                    first: &mut first[range.clone()],
                    second: &mut second[range],
                };
                step.apply(l2, moving);
            }
            soft_update(&mut target, &value, TAU);
        }
        assert_close("parameters", &floats(executor, parameters), &value, 1e-5);
        assert_close("targets", &floats(executor, targets), &target, 1e-5);
        assert_close("first moments", &floats(executor, optimizer.first), &first, 1e-5);
        assert_close("second moments", &floats(executor, optimizer.second), &second, 1e-5);
        assert_eq!(
            Counters::read(executor, counters).expect("the device does as the CPU").updates,
            [0, 3, 0]
        );
    });
}

#[test]
fn a_gradient_that_is_not_finite_moves_nothing_and_is_said() {
    let mut memory = Memory::default();
    let counters = Counters::default().place(&mut memory);
    let optimizer = Optimizer::new(CONFIG, 300, &[], (counters, 0), &mut memory);
    let parameters = memory.zeros(Kind::F32, 300);
    on_each("adam, not finite", &memory, |executor| {
        let mut gradients = numbers(300, 3);
        gradients[299] = f32::NAN;
        executor.write(optimizer.gradients, &Values::F32(gradients)).expect("the device does as the CPU");
        executor.run(&optimizer.step(parameters, None), 1).expect("the device does as the CPU");
        assert_eq!(floats(executor, parameters), vec![0.0; 300]);
        let refused = Counters::read(executor, counters);
        assert_eq!(refused, Err(drr_device::DeviceError::Status(Status(8))));
    });
}
