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

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: usize = 100_000;

    fn share(of: impl FnMut(usize) -> bool) -> f64 {
        (0..DRAWS).map(of).filter(|happened| *happened).count() as f64 / DRAWS as f64
    }

    #[test]
    fn normal_deviates_have_the_moments_and_tails_of_their_distribution() {
        let mut draw = Draw::new([1; 32], 0);
        let deviates: Vec<_> = (0..DRAWS).map(|_| draw.normal()).collect();
        let moment = |power| deviates.iter().map(|z| z.powi(power)).sum::<f64>() / DRAWS as f64;
        // Each within four of its standard errors.
        assert!(moment(1).abs() < 0.013, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.018, "{}", moment(2));
        assert!(moment(3).abs() < 0.05, "{}", moment(3));
        assert!((moment(4) - 3.0).abs() < 0.13, "{}", moment(4));
        for (limit, probability) in [(-1.96, 0.025), (0.0, 0.5), (1.0, 0.8413), (3.0, 0.99865)] {
            let found = share(|at| deviates[at] < limit);
            assert!((found - probability).abs() < 0.0065, "{found} below {limit}");
        }
    }

    #[test]
    fn chances_are_taken_as_often_as_they_say() {
        let mut draw = Draw::new([2; 32], 0);
        for probability in [0.0, 0.01, 0.5, 1.0] {
            let found = share(|_| draw.chance(probability));
            assert!((found - probability).abs() < 0.0065, "{found} for {probability}");
        }
        assert_eq!(share(|_| draw.chance(0.0)), 0.0);
    }

    #[test]
    fn streams_and_keys_share_no_numbers() {
        let first = |key, stream| Draw::new([key; 32], stream).normal();
        assert_ne!(first(1, 0), first(1, 1));
        assert_ne!(first(1, 0), first(2, 0));
    }
}
