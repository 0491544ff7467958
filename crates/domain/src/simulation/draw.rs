use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Random numbers that are the same bits on every platform: ChaCha8 is defined
/// by its bytes, the arithmetic is IEEE 754, and the logarithm is libm's rather
/// than the operating system's. A sampling library may change its algorithm
/// between versions, so the distributions are our own.
#[derive(Debug, Clone)]
pub(super) struct Draw {
    rng: ChaCha8Rng,
    spare: Option<f64>,
}

impl Draw {
    /// The numbers of one stream under one key.
    pub(super) fn new(key: [u8; 32], stream: u64) -> Self {
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(stream);
        Self { rng, spare: None }
    }

    /// Uniform in -1 <= x < 1.
    #[inline]
    fn uniform(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.rng.next_u64().cast_signed() >> 10) as f64 * STEP
    }

    /// Whether something of this probability happens.
    #[inline]
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < 2.0 * probability - 1.0
    }

    /// A standard normal deviate, by Marsaglia's polar method (Marsaglia and
    /// Bray, SIAM Review, 1964), which makes two at a time.
    #[inline]
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (self.uniform(), self.uniform());
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let scale = (-2.0 * libm::log(square) / square).sqrt();
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }
}
