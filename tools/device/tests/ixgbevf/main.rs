//! What the ixgbevf family can do, each thing on the software adapter.

mod kit;
mod node;
mod packet;
mod tamper;

mod api;
mod context;
mod ids;
mod interrupts;
mod jumbo;
mod lies;
mod link;
mod mac;
mod mailbox;
mod modes;
mod offloads;
mod queues;
mod registers;
mod reset;
mod rss;
mod stats;
mod unicast;
mod vlan;
