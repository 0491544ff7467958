use crate::{RedisOptions, RedisServer, free_port};

/// Three masters with a replica each, who agree within about two seconds that
/// one is gone.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts six nodes, and waits until they are a Cluster.
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
        let is_encrypted = if options.certificate.is_some() { "yes" } else { "no" };
        let nodes = (0..6).map(|_| {
            let bus = free_port().to_string();
            let arguments = [
                ["--cluster-enabled", "yes"],
                // By default the port plus 10,000, which may be none.
                ["--cluster-port", &bus],
                ["--cluster-node-timeout", "1500"],
                ["--tls-cluster", is_encrypted],
            ];
            let arguments = arguments.concat().into_iter().map(str::to_owned).collect();
            RedisServer::start_with(RedisOptions { arguments, ..options.clone() })
        });
        let mut nodes: Vec<_> = nodes.collect();
        let ports: Vec<_> = nodes.iter().map(RedisServer::port).collect();
        nodes[0].create_cluster(&ports);
        for node in &mut nodes {
            node.wait_until(&["CLUSTER", "INFO"], |info| {
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:6")
            });
            // A replica that knows its master is not in step with it yet.
            node.wait_until(&["INFO", "replication"], |info| {
                info.contains("link_status:up") || info.contains("connected_slaves:1")
            });
        }
        Self { nodes }
    }

    /// Where the nodes listen on the loopback address.
    pub fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(RedisServer::port).collect()
    }

    /// The nodes that are masters at present, of those that answer.
    pub fn masters(&mut self) -> Vec<&mut RedisServer> {
        let is_master =
            |node: &RedisServer| node.answers() && node.cli(&["ROLE"]).starts_with("master");
        self.nodes.iter_mut().filter(|node| is_master(node)).collect()
    }
}
