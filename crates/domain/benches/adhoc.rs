fn main() {
    for df in [3e2f64, 1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6, 1e7, 1e9, 1e15] {
        for t in [0.01f64, 0.5, 1.96, 3.0, 5.0, 7.0, 12.0, 30.0] {
            let x = statrs::function::beta::beta_reg(df / 2.0, 0.5, df / (df + t * t));
            let u = (df * (t * t / df).ln_1p()).sqrt() * (8.0 * df + 1.0) / (8.0 * df + 3.0);
            let n = statrs::function::erf::erfc(u / 2f64.sqrt());
            println!("df {df:?} {t:?} {x:e} {n:e}");
        }
    }
}
