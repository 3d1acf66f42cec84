//! iroh-gossip's protocol, and the way of its messages.

use std::time::Duration;

use iroh_gossip::proto::{self, InEvent, OutEvent, state::MessageKind};
use kukuri_application::{discovery, session};
use kukuri_domain::PeerId;
use rand::Rng as _;

use super::{Inside, Why, World};
use crate::node::{ConnectionId, Sending};

impl World {
    pub(super) fn tell_gossip(&mut self, node: usize, event: InEvent<PeerId>) {
        let now = self.started + Duration::from_micros(self.queue.now_us());
        let life = self.life(node);
        let wanted: Vec<_> = life.gossip.handle(event, now, None).collect();
        for wanted in wanted {
            match wanted {
                OutEvent::SendMessage(peer, message) => {
                    self.send(node, self.number(&peer), message)
                }
                OutEvent::EmitEvent(_, event) => self.gossip_says(node, event),
                OutEvent::ScheduleTimer(after, timer) => {
                    let us = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
                    self.after(us, node, Inside::GossipTimer(timer));
                }
                OutEvent::DisconnectPeer(peer) => {
                    let peer = self.number(&peer);
                    self.link(node, peer).sending = Sending::Dropped;
                }
                // Addresses: every node of a simulation can be found by its id.
                OutEvent::PeerData(..) => {}
            }
        }
    }

    fn gossip_says(&mut self, node: usize, event: proto::Event<PeerId>) {
        if self.life(node).is_rejoining {
            return;
        }
        match event {
            proto::Event::NeighborUp(peer) => {
                let other = self.number(&peer);
                self.tell(|| format!("{node}: neighbour {other}"));
                self.report.neighbours_up += 1;
                self.neighbour_up(node, other);
                let inbound = self.is_inbound(node, other);
                let up = discovery::Input::NeighborUp { peer, inbound };
                self.after(0, node, Inside::Discovery(up));
                self.after(0, node, Inside::Session(session::Input::NeighborUp(peer)));
            }
            proto::Event::NeighborDown(peer) => {
                let other = self.number(&peer);
                self.tell(|| format!("{node}: neighbour {other} is gone"));
                self.neighbour_down(node, other);
                let down = discovery::Input::NeighborDown(peer);
                self.after(0, node, Inside::Discovery(down));
                self.after(0, node, Inside::Session(session::Input::NeighborDown(peer)));
            }
            proto::Event::Received(received) => {
                match hops(&received.scope) {
                    Some(hops) => {
                        self.life(node).heard_us = self.queue.now_us();
                        self.report.deliveries += 1;
                        *self.report.hops.entry(hops).or_default() += 1;
                    }
                    None => self.report.neighbour_deliveries += 1,
                }
                let message = session::Input::Message {
                    from: received.delivered_from,
                    is_direct: received.scope.is_direct(),
                    payload: received.content,
                };
                self.after(0, node, Inside::Session(message));
            }
        }
    }

    /// What iroh-gossip's driver does with a message for a peer.
    fn send(&mut self, node: usize, to: usize, message: proto::Message<PeerId>) {
        match &mut self.link(node, to).sending {
            Sending::Over(connection) => {
                let connection = *connection;
                self.transmit(node, connection, message);
            }
            Sending::Dialling(queue) => queue.push(message),
            dropped @ Sending::Dropped => {
                *dropped = Sending::Dialling(vec![message]);
                self.connect(node, to, Why::Gossip);
            }
        }
    }

    /// Sends a message over a connection, as the weather allows.
    pub(super) fn transmit(
        &mut self,
        node: usize,
        connection: ConnectionId,
        message: proto::Message<PeerId>,
    ) {
        let to = self.connections[connection].other(node);
        let arrives = self.connections[connection].is_open_at(node)
            && self.reaches(node, to)
            && self.lives(to).is_some()
            && !(matches!(message.kind(), MessageKind::Data)
                && self.swallowed.contains(&(node, to)));
        if !arrives || self.rng.random_bool(self.plan.weather.loss) {
            return;
        }
        let copies = 1 + usize::from(self.rng.random_bool(self.plan.weather.doubled));
        for message in std::iter::repeat_n(message, copies) {
            let us = self.way_us(node, to);
            let frame = Inside::Frame {
                connection,
                from: node,
                message,
            };
            self.after(us, to, frame);
        }
    }

    pub(super) fn frame(
        &mut self,
        node: usize,
        connection: ConnectionId,
        from: usize,
        message: proto::Message<PeerId>,
    ) {
        if !self.connections[connection].is_open_at(node) {
            return;
        }
        if matches!(message.kind(), MessageKind::Data) {
            self.report.data_messages += 1;
        }
        let from = self.nodes[from].id;
        self.tell_gossip(node, InEvent::RecvMessage(from, message));
    }
}

/// How many others a message to all passed on its way; `None` for one to neighbours only.
pub fn hops(scope: &proto::DeliveryScope) -> Option<u64> {
    // The number itself is private to the protocol; its serialised form is not.
    let form = serde_json::to_value(scope).ok()?;
    form.get("Swarm")?.as_u64()
}
