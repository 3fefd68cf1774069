//! Passes of feed-forward networks, all layers in one launch. The twin is [`drr_kernels::mlp::Mlp`], whose parameters they
//! share value by value.

use crate::launch::arguments;
use crate::{Buffer, DeviceError, Kind, Launch, Memory, Place, Values};
use drr_kernels::Activation;
use drr_kernels::mlp::{Layer, Mlp};
use std::ops::Range;

/// Examples of a block; `cuda/mlp.cu` has the same.
const EXAMPLES: usize = 4;
/// Threads of a block: as many groups of 128 as examples.
const THREADS: u32 = 512;
/// The most features that enter or leave a layer.
const WIDEST: usize = 1024;
/// The side of a tile of weight gradients.
const TILE: usize = 32;
/// Stands for a layer without normalization.
const NONE: u32 = u32::MAX;

/// Where a layer's values lie in the workspace of one network.
#[derive(Debug, Clone, Copy)]
struct Places {
    outputs: usize,
    deltas: usize,
    kept: usize,
    of_norm: usize,
    inverse: usize,
}

/// A network's shape on the device, with the workspace of its passes over one batch.
#[derive(Debug, Clone)]
pub struct Network {
    n_rows: usize,
    n_networks: usize,
    layers: Vec<Layer>,
    places: Vec<Places>,
    table: Buffer,
    tiles: Buffer,
    workspace: Buffer,
    /// The values of one network's workspace.
    workspace_distance: usize,
    /// The parameters of one network.
    parameter_distance: usize,
}

impl Network {
    /// `n_networks` networks of one shape, side by side, for batches of `n_rows`. Their parameters lie one behind the
    /// other, the first from 0 on; at most one layer has features that join, and not the first.
    ///
    /// # Errors
    ///
    /// Refuses layers that the kernels cannot take.
    pub fn new(
        mlp: &Mlp,
        n_rows: usize,
        n_networks: usize,
        memory: &mut Memory,
    ) -> Result<Self, DeviceError> {
        let layers = mlp.layers().to_vec();
        let widest = layers.iter().map(|layer| layer.n_in.max(layer.n_out)).max().unwrap_or(0);
        if widest > WIDEST || layers.is_empty() {
            let remedy = "give at least one layer, and none wider than 1024";
            return Err(DeviceError::Size { what: "layer", value: widest, remedy });
        }
        let mut end = 0;
        let mut take = |n: usize| {
            end += n;
            end - n
        };
        let places: Vec<Places> = layers
            .iter()
            .map(|layer| {
                let (values, normalized) = (n_rows * layer.n_out, usize::from(layer.norm.is_some()));
                Places {
                    outputs: take(values),
                    deltas: take(values),
                    kept: take(values * normalized),
                    of_norm: take(values * normalized),
                    inverse: take(n_rows * normalized),
                }
            })
            .collect();
        if u32::try_from(end * n_networks).is_err() {
            let remedy = "take smaller batches";
            return Err(DeviceError::Size { what: "workspace", value: end, remedy });
        }
        let tiles = tiles(&layers);
        Ok(Self {
            n_rows,
            n_networks,
            table: memory.add(Values::U32(table(&layers, &places))),
            tiles: memory.add(Values::U32(tiles)),
            workspace: memory.zeros(Kind::F32, end * n_networks),
            workspace_distance: end,
            parameter_distance: mlp.end(),
            layers,
            places,
        })
    }

    /// Maps inputs `[B, in]` and what joins `[B, joined]` to the outputs. Without features that join, `joined` is not read.
    #[must_use]
    pub fn forward(&self, inputs: Place, joined: Place, parameters: Buffer) -> Launch {
        let blocks = [self.n_rows.div_ceil(EXAMPLES), self.n_networks];
        let (n_layers, n_rows) = (self.layers.len(), self.n_rows);
        let distances = (self.parameter_distance, self.workspace_distance);
        let arguments = arguments![
            self.table,
            n_layers,
            n_rows,
            inputs,
            joined,
            parameters,
            self.workspace,
            distances.0,
            distances.1
        ];
        Launch::in_plane("mlp_forward", blocks, THREADS, arguments)
    }

    /// The outputs `[B, out]` of network `nth` after a forward pass.
    #[must_use]
    pub fn outputs(&self, nth: usize) -> Place {
        let last = self.places.len() - 1;
        self.workspace.at(nth * self.workspace_distance + self.places[last].outputs)
    }

    /// The gradient of the outputs `[B, out]` of network `nth`, to be set before a backward pass.
    #[must_use]
    pub fn output_gradient(&self, nth: usize) -> Place {
        let last = self.places.len() - 1;
        self.workspace.at(nth * self.workspace_distance + self.places[last].deltas)
    }

    /// From the gradient of the outputs to those of what joins, `[networks, B, joined]`, and of some of the inputs,
    /// `[networks, B, range]`. Without `down_to_inputs` and `of_inputs` it stops where the features join.
    #[must_use]
    pub fn backward(
        &self,
        parameters: Buffer,
        of_joined: Option<Buffer>,
        of_inputs: Option<(Range<usize>, Buffer)>,
        down_to_inputs: bool,
    ) -> Launch {
        let joins =
            self.layers.windows(2).position(|pair| pair[1].n_in > pair[0].n_out).map_or(0, |at| at + 1);
        let lowest = if down_to_inputs || of_inputs.is_some() { 0 } else { joins };
        let (range, into) = of_inputs.unwrap_or((0..0, self.workspace));
        let blocks = [self.n_rows.div_ceil(EXAMPLES), self.n_networks];
        let arguments = arguments![
            self.table,
            self.layers.len(),
            lowest,
            self.n_rows,
            parameters,
            self.workspace,
            of_joined.is_some(),
            of_joined.unwrap_or(self.workspace),
            range.start,
            range.len(),
            into,
            self.parameter_distance,
            self.workspace_distance,
        ];
        Launch::in_plane("mlp_backward", blocks, THREADS, arguments)
    }

    /// The gradients of all parameters after a backward pass down to the inputs. They are overwritten.
    #[must_use]
    pub fn gradients(&self, inputs: Place, joined: Place, gradients: Buffer) -> Vec<Launch> {
        let blocks = [self.tiles.len / 3, self.n_networks];
        let distances = (self.parameter_distance, self.workspace_distance);
        let weights = arguments![
            self.table,
            self.tiles,
            self.n_rows,
            inputs,
            joined,
            self.workspace,
            gradients,
            distances.0,
            distances.1
        ];
        let mut launches = vec![Launch::in_plane("mlp_gradients", blocks, 256, weights)];
        for (nth, layer) in self.layers.iter().enumerate().filter(|(_, layer)| layer.norm.is_some()) {
            let arguments =
                arguments![self.table, nth, self.n_rows, self.workspace, gradients, distances.0, distances.1];
            let blocks = [layer.n_out, self.n_networks];
            launches.push(Launch::in_plane("mlp_norm_gradients", blocks, 32, arguments));
        }
        launches
    }
}

/// The table of the layers, twelve numbers each, in the order of `cuda/mlp.cu`.
fn table(layers: &[Layer], places: &[Places]) -> Vec<u32> {
    let mut n_before = layers[0].n_in;
    let mut table = Vec::with_capacity(12 * layers.len());
    for (layer, at) in layers.iter().zip(places) {
        let activation = match layer.activation {
            Activation::Identity => 0,
            Activation::Relu => 1,
            Activation::Tanh => 2,
        };
        let gain = layer.norm.as_ref().map(|(gain, _)| gain.start);
        let numbers = [layer.n_in, n_before, layer.n_out, layer.weight.start, layer.bias.start];
        table.extend(numbers.map(number));
        table.extend([gain.map_or(NONE, number), activation]);
        table.extend([at.outputs, at.deltas, at.kept, at.of_norm, at.inverse].map(number));
        n_before = layer.n_out;
    }
    table
}

/// The tiles of all layers' weights, `[n][3]`: layer, first input, first output. A row behind the last input is the bias.
fn tiles(layers: &[Layer]) -> Vec<u32> {
    let mut tiles = Vec::new();
    for (nth, layer) in layers.iter().enumerate() {
        for first_input in (0..=layer.n_in).step_by(TILE) {
            for first_output in (0..layer.n_out).step_by(TILE) {
                tiles.extend([nth, first_input, first_output].map(number));
            }
        }
    }
    tiles
}

/// Sizes were checked when the network was made.
fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(NONE)
}
