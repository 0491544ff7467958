use crate::{RedisOptions, RedisServer};

/// A master and a replica, watched by three sentinels, who agree within about
/// a second that a master is gone.
#[derive(Debug)]
pub struct RedisSentinels {
    servers: [RedisServer; 2],
    sentinels: Vec<RedisServer>,
}

impl RedisSentinels {
    /// What the sentinels call the master.
    pub const MASTER: &str = "main";

    /// Starts them, and waits until they know of each other.
    ///
    /// # Panics
    /// If Redis is not installed or does not start.
    pub fn start() -> Self {
        Self::start_with(&RedisOptions::default())
    }

    /// Starts them with the password and the certificate of these options.
    ///
    /// # Panics
    /// If Redis is not installed or does not start.
    pub fn start_with(options: &RedisOptions) -> Self {
        Self::start_each_with(options, options.password.as_deref())
    }

    /// Starts them likewise, with another password of the sentinels, or none.
    ///
    /// # Panics
    /// If Redis is not installed or does not start.
    pub fn start_each_with(options: &RedisOptions, password_of_sentinels: Option<&str>) -> Self {
        let master = RedisServer::start_with(options.clone());
        let follow = ["--replicaof", "127.0.0.1", &master.port().to_string()].map(str::to_owned);
        let mut replica =
            RedisServer::start_with(RedisOptions { arguments: follow.to_vec(), ..options.clone() });
        replica.wait_until(&["INFO", "replication"], |info| info.contains("link_status:up"));
        let mut configuration = format!(
            "sentinel monitor {name} 127.0.0.1 {port} 2\n\
             sentinel down-after-milliseconds {name} 500\n\
             sentinel failover-timeout {name} 2000\n",
            name = Self::MASTER,
            port = master.port(),
        );
        if let Some(password) = &options.password {
            configuration += &format!("sentinel auth-pass {} {password}\n", Self::MASTER);
        }
        let sentinels = (0..3).map(|_| {
            let sentinel = Some(configuration.clone());
            let password = password_of_sentinels.map(str::to_owned);
            RedisServer::start_with(RedisOptions { password, sentinel, ..options.clone() })
        });
        let mut sentinels: Vec<_> = sentinels.collect();
        for sentinel in &mut sentinels {
            sentinel.wait_until(&["SENTINEL", "MASTER", Self::MASTER], |master| {
                let fields: Vec<_> = master.lines().collect();
                let is = |name, value| fields.windows(2).any(|field| field == [name, value]);
                is("num-other-sentinels", "2") && is("num-slaves", "1")
            });
        }
        Self { servers: [master, replica], sentinels }
    }

    /// Where the sentinels listen on the loopback address.
    pub fn ports(&self) -> Vec<u16> {
        self.sentinels.iter().map(RedisServer::port).collect()
    }

    /// The server that the sentinels take for the master.
    ///
    /// # Panics
    /// If they cannot be asked.
    pub fn master(&mut self) -> &mut RedisServer {
        let ask = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self::MASTER];
        let address = self.sentinels[0].cli(&ask);
        let is_master =
            |server: &RedisServer| address.lines().nth(1) == Some(&server.port().to_string());
        let at = self.servers.iter().position(is_master).expect("it is one of these");
        &mut self.servers[at]
    }
}
