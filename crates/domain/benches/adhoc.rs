use statrs::distribution::*;
use std::time::Instant;
fn main() {
    for n in [100u64, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 1_000_000_000] {
        for p in [0.5, 0.9, 0.99] {
            let b = Binomial::new(p, n).unwrap();
            let t = Instant::now();
            let lo = b.inverse_cdf(0.025);
            let hi = b.inverse_cdf(0.975);
            let e = t.elapsed();
            let sd = (n as f64 * p * (1.0 - p)).sqrt();
            println!("n {n} p {p}: {lo} {hi} z {} {} sf-at-mean {} {e:?}", (lo as f64 - n as f64 * p)/sd, (hi as f64 - n as f64*p)/sd, b.cdf((n as f64 * p) as u64));
        }
    }
    for df in [1e2, 1e3,1e4,1e5,1e6,1e7,1e9,1e12f64] {
        for t in [0.5f64, 1.0, 1.96, 3.0, 5.0, 7.0] {
            let x = statrs::function::beta::beta_reg(df / 2.0, 0.5, df / (df + t * t));
            let n = statrs::function::erf::erfc(t / 2f64.sqrt());
            println!("df {df:e} t {t}: {x:e} normal {n:e} rel {:e}", x / n - 1.0);
        }
        let s = StudentsT::new(0.0, 1.0, df).unwrap();
        println!("   tcrit {} ", s.inverse_cdf(0.975));
    }
}
