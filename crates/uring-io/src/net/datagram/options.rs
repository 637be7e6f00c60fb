//! The options of datagram sockets.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::net::datagram::{Datagram, DatagramFamily, UdpSocket};

/// Options of both kinds. Each fails only as the kernel says.
#[allow(clippy::missing_errors_doc, reason = "said once for all")]
impl<F: DatagramFamily> Datagram<F> {
    /// Bytes of the kernel's send buffer (`SO_SNDBUF`); the kernel doubles it, and enforces a minimum and a maximum.
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.socket().options().set_send_buffer_size(bytes)
    }

    /// Bytes of the kernel's send buffer, as doubled.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        self.socket().options().send_buffer_size()
    }

    /// Bytes of the kernel's receive buffer (`SO_RCVBUF`), beyond which UDP drops what arrives; the kernel doubles it, and
    /// enforces a minimum and a maximum.
    pub fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.socket().options().set_recv_buffer_size(bytes)
    }

    /// Bytes of the kernel's receive buffer, as doubled.
    pub fn recv_buffer_size(&self) -> io::Result<usize> {
        self.socket().options().recv_buffer_size()
    }
}

/// Options of UDP. Each fails only as the kernel says; those whose names end with `_v4` are for IPv4 sockets, those with
/// `_v6` for IPv6 sockets.
#[allow(clippy::missing_errors_doc, reason = "said once for all")]
impl UdpSocket {
    /// Lets the socket send to broadcast addresses (`SO_BROADCAST`).
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.socket().options().set_broadcast(broadcast)
    }

    /// Whether the socket may send to broadcast addresses.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.socket().options().broadcast()
    }

    /// Whether other sockets may have the same address; see [`BindOptions`](super::BindOptions).
    pub fn reuse_address(&self) -> io::Result<bool> {
        self.socket().options().reuse_address()
    }

    /// Whether other sockets may share the address; see [`BindOptions`](super::BindOptions).
    pub fn reuse_port(&self) -> io::Result<bool> {
        self.socket().options().reuse_port()
    }

    /// Whether an IPv6 socket takes nothing over IPv4; see [`BindOptions`](super::BindOptions).
    pub fn only_v6(&self) -> io::Result<bool> {
        self.socket().options().only_v6()
    }

    /// Hops that packets may take (`IP_TTL`).
    pub fn set_ttl_v4(&self, hops: u32) -> io::Result<()> {
        self.socket().options().set_ttl_v4(hops)
    }

    /// Hops that packets may take.
    pub fn ttl_v4(&self) -> io::Result<u32> {
        self.socket().options().ttl_v4()
    }

    /// Hops that packets may take (`IPV6_UNICAST_HOPS`).
    pub fn set_hop_limit_v6(&self, hops: u32) -> io::Result<()> {
        self.socket().options().set_unicast_hops_v6(hops)
    }

    /// Hops that packets may take.
    pub fn hop_limit_v6(&self) -> io::Result<u32> {
        self.socket().options().unicast_hops_v6()
    }

    /// The type of service that packets ask for (`IP_TOS`).
    pub fn set_tos_v4(&self, tos: u32) -> io::Result<()> {
        self.socket().options().set_tos_v4(tos)
    }

    /// The type of service that packets ask for.
    pub fn tos_v4(&self) -> io::Result<u32> {
        self.socket().options().tos_v4()
    }

    /// The traffic class that packets ask for (`IPV6_TCLASS`).
    pub fn set_traffic_class_v6(&self, class: u32) -> io::Result<()> {
        self.socket().options().set_tclass_v6(class)
    }

    /// The traffic class that packets ask for.
    pub fn traffic_class_v6(&self) -> io::Result<u32> {
        self.socket().options().tclass_v6()
    }

    /// Receives what is sent to a multicast group, at the interface that has this address, or at one that the system chooses
    /// if it is unspecified (`IP_ADD_MEMBERSHIP`).
    pub fn join_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.socket().options().join_multicast_v4(group, interface)
    }

    /// Ends what [`join_multicast_v4`](Self::join_multicast_v4) began.
    pub fn leave_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.socket().options().leave_multicast_v4(group, interface)
    }

    /// Receives what is sent to a multicast group, at the interface of this number, or at one that the system chooses if it is
    /// 0 (`IPV6_ADD_MEMBERSHIP`).
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket().options().join_multicast_v6(group, interface)
    }

    /// Ends what [`join_multicast_v6`](Self::join_multicast_v6) began.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket().options().leave_multicast_v6(group, interface)
    }

    /// Whether sockets of this machine get what is sent to a group (`IP_MULTICAST_LOOP`); they do by default.
    pub fn set_multicast_loop_v4(&self, loops: bool) -> io::Result<()> {
        self.socket().options().set_multicast_loop_v4(loops)
    }

    /// Whether sockets of this machine get what is sent to a group.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.socket().options().multicast_loop_v4()
    }

    /// Whether sockets of this machine get what is sent to a group (`IPV6_MULTICAST_LOOP`); they do by default.
    pub fn set_multicast_loop_v6(&self, loops: bool) -> io::Result<()> {
        self.socket().options().set_multicast_loop_v6(loops)
    }

    /// Whether sockets of this machine get what is sent to a group.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.socket().options().multicast_loop_v6()
    }

    /// Hops that packets to a group may take (`IP_MULTICAST_TTL`); 1 by default.
    pub fn set_multicast_ttl_v4(&self, hops: u32) -> io::Result<()> {
        self.socket().options().set_multicast_ttl_v4(hops)
    }

    /// Hops that packets to a group may take.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.socket().options().multicast_ttl_v4()
    }

    /// Hops that packets to a group may take (`IPV6_MULTICAST_HOPS`); 1 by default.
    pub fn set_multicast_hops_v6(&self, hops: u32) -> io::Result<()> {
        self.socket().options().set_multicast_hops_v6(hops)
    }

    /// Hops that packets to a group may take.
    pub fn multicast_hops_v6(&self) -> io::Result<u32> {
        self.socket().options().multicast_hops_v6()
    }

    /// The interface that packets to a group leave by: the one that has this address (`IP_MULTICAST_IF`).
    pub fn set_multicast_interface_v4(&self, interface: &Ipv4Addr) -> io::Result<()> {
        self.socket().options().set_multicast_if_v4(interface)
    }

    /// The interface that packets to a group leave by.
    pub fn multicast_interface_v4(&self) -> io::Result<Ipv4Addr> {
        self.socket().options().multicast_if_v4()
    }

    /// The interface that packets to a group leave by: the one of this number (`IPV6_MULTICAST_IF`).
    pub fn set_multicast_interface_v6(&self, interface: u32) -> io::Result<()> {
        self.socket().options().set_multicast_if_v6(interface)
    }

    /// The interface that packets to a group leave by.
    pub fn multicast_interface_v6(&self) -> io::Result<u32> {
        self.socket().options().multicast_if_v6()
    }
}
