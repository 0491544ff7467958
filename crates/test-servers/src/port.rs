use std::net::TcpListener;

/// A port of the loopback address that nobody listens on. Somebody else may take
/// it before its server does: rare, and the server then says so.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
