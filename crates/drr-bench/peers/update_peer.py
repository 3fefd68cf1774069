"""The update of `cargo xtask bench --peer pytorch`, in PyTorch: the same networks, sizes and hyper-parameters.

Usage: python update_peer.py CONFIG BATCH THREADS {eager,compiled}. It prints `ready`, then for every number N that it
reads on standard input it makes N updates and prints their seconds. Needs PyTorch (`pip install torch`) and Python 3.11.

The peer is made as strong as PyTorch allows: fused Adam, one call for the soft update of all parameters, gradients for
nothing that does not move, no replay (64 prepared batches take turns), and no loss taken off the device.
"""

import sys
import time
import tomllib

import torch
from torch import nn


class Actor(nn.Module):
    """State to action: two ReLU layers and a tanh layer."""

    def __init__(self, n_state, hidden, dim):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_state, hidden[0]), nn.ReLU(), nn.Linear(hidden[0], hidden[1]), nn.ReLU(),
            nn.Linear(hidden[1], dim), nn.Tanh(),
        )

    def forward(self, states):
        return self.layers(states)


class Critic(nn.Module):
    """State and action to value, with the state module (DRR-ave) in front."""

    def __init__(self, n_state, hidden, dim, window):
        super().__init__()
        self.position_weights = nn.Parameter(torch.ones(window))
        self.state = nn.Linear(n_state, hidden[0])
        self.joint = nn.Linear(hidden[0] + dim, hidden[1])
        self.last = nn.Linear(hidden[1], 1)

    def encode(self, users, histories, shares):
        pooled = torch.bmm((shares * self.position_weights).unsqueeze(1), histories).squeeze(1)
        return torch.cat([users, users * pooled, pooled], 1)

    def forward(self, states, actions):
        hidden = torch.relu(self.state(states))
        return self.last(torch.relu(self.joint(torch.cat([hidden, actions], 1)))).squeeze(1)


def optimizer(module, settings):
    weights = [value for name, value in module.named_parameters() if name.endswith(".weight")]
    others = [value for name, value in module.named_parameters() if not name.endswith(".weight")]
    groups = [{"params": weights, "weight_decay": settings["l2"]}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.Adam(groups, lr=settings["learning_rate"], fused=True)


def batches(sizes, batch, generator):
    """64 batches of random transitions."""
    window, dim = sizes["history_length"], sizes["dim"]
    ids = lambda n, *shape: torch.randint(0, n, shape, generator=generator)
    for _ in range(64):
        yield {
            "users": ids(sizes["n_contexts"], batch),
            "histories": ids(sizes["n_items"], batch, window),
            "next_histories": ids(sizes["n_items"], batch, window),
            "shares": torch.full((batch, window), 1.0 / window),
            "actions": torch.rand(batch, dim, generator=generator) * 2 - 1,
            "rewards": torch.rand(batch, generator=generator) * 2 - 1,
            "goes_on": (torch.rand(batch, generator=generator) > 0.1).float(),
            "weights": torch.rand(batch, generator=generator),
        }


def make_update(config):
    sizes, agent = config["sizes"], config["agent"]
    dim, gamma, tau = sizes["dim"], agent["discount"], agent["tau"]
    items, users = torch.randn(sizes["n_items"], dim), torch.randn(sizes["n_contexts"], dim)
    actors = [Actor(3 * dim, agent["actor_hidden"], dim) for _ in range(2)]
    critics = [Critic(3 * dim, agent["critic_hidden"], dim, sizes["history_length"]) for _ in range(2)]
    for online, target in (actors, critics):
        target.load_state_dict(online.state_dict())
        target.requires_grad_(False)
    (actor, target_actor), (critic, target_critic) = actors, critics
    of_actor, of_critic = optimizer(actor, agent["actor_optimizer"]), optimizer(critic, agent["critic_optimizer"])
    online = [value for module in (actor, critic) for value in module.parameters()]
    targets = [value for module in (target_actor, target_critic) for value in module.parameters()]
    actor_parameters = list(actor.parameters())

    def update(it):
        vectors = users[it["users"]]
        with torch.no_grad():
            states = target_critic.encode(vectors, items[it["next_histories"]], it["shares"])
            future = target_critic(states, target_actor(states))
            goal = it["rewards"] + gamma * it["goes_on"] * future
        of_critic.zero_grad(set_to_none=True)
        states = critic.encode(vectors, items[it["histories"]], it["shares"])
        errors = goal - critic(states, it["actions"])
        (it["weights"] * errors.square()).mean().backward()
        of_critic.step()
        states = states.detach()
        value = critic(states, actor(states)).mean()
        for parameter, gradient in zip(actor_parameters, torch.autograd.grad(-value, actor_parameters)):
            parameter.grad = gradient
        of_actor.step()
        with torch.no_grad():
            torch._foreach_lerp_(targets, online, tau)
        return errors

    return update


def main():
    path, batch, threads, mode = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    with open(path, "rb") as file:
        config = tomllib.load(file)
    update = make_update(config)
    if mode == "compiled":
        update = torch.compile(update)
    prepared = list(batches(config["sizes"], batch, torch.Generator().manual_seed(1)))
    for at in range(128):
        update(prepared[at % 64])
    print("ready", flush=True)
    for line in sys.stdin:
        begun = time.perf_counter()
        for at in range(int(line)):
            update(prepared[at % 64])
        print(time.perf_counter() - begun, flush=True)


if __name__ == "__main__":
    main()
