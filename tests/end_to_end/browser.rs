//! The pages in a real browser that reaches nothing but the service.

use std::io;
use std::process::{Command, Output};

use crate::service::{KEY, Service, a_run};

/// What a page is once its scripts have run, and what the browser said.
struct Page {
    dom: String,
    console: String,
}

/// What distributions call the browser.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

fn visit(url: &str) -> Page {
    let output = BROWSERS
        .into_iter()
        .find_map(|browser| visit_by(browser, url).ok())
        .expect("a browser is installed; tests/install does that on Debian");
    Page {
        dom: String::from_utf8_lossy(&output.stdout).into_owned(),
        console: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn visit_by(browser: &str, url: &str) -> io::Result<Output> {
    let profile = tempfile::tempdir()?;
    Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0"])
        .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--virtual-time-budget=15000", "--dump-dom", url])
        .output()
}

fn assert_clean(page: &Page) {
    for complaint in ["Content Security Policy", "Refused to", "Uncaught", "ERR_NAME_NOT_RESOLVED"]
    {
        let console = page.console.lines().filter(|line| line.contains("CONSOLE"));
        let complaints: Vec<_> = console.filter(|line| line.contains(complaint)).collect();
        assert!(complaints.is_empty(), "{complaints:?}");
    }
}

#[test]
fn the_leaderboard_shows_every_rank_with_the_interval_that_it_may_lie_in() {
    let service = Service::demo();
    let page = visit(&format!("{}/?metric=TPS&window=all#key={KEY}", service.url));
    assert_clean(&page);
    let entries = service.get("/api/v1/benchmark/TPS?window=all").data();
    let entries = entries.as_array().unwrap();
    assert_eq!(page.dom.matches("<tr><td").count(), entries.len(), "{}", page.dom);
    for entry in entries {
        let (best, worst) = (entry["rank_low"].as_u64(), entry["rank_high"].as_u64());
        let may_be = match best.zip(worst).unwrap() {
            (best, worst) if best == worst => best.to_string(),
            (best, worst) => format!("{best} to {worst}"),
        };
        let name = entry["llm_name"].as_str().unwrap();
        let row = page.dom.split("<tr>").find(|row| row.contains(name)).unwrap();
        let start = format!("<td class=\"number\">{}</td><td>{may_be}</td>", entry["rank"]);
        assert!(row.starts_with(&start), "{start}: {row}");
        let failed = format!("{} / ", entry["failed_requests"]);
        assert!(row.contains(&failed) && row.contains("<svg"), "{row}");
    }
    for shown in ["Higher is better.", "simulated", "10 LLMs by TPS.", "mean (token/s)"] {
        assert!(page.dom.contains(shown), "{shown}: {}", page.dom);
    }
}

#[test]
fn the_leaderboard_asks_who_has_no_valid_key_for_one() {
    let service = Service::empty();
    let page = visit(&format!("{}/#key=wrong", service.url));
    assert_clean(&page);
    for shown in ["Could not validate API key", "<form id=\"sign-in\">", "tabindex=\"0\" hidden"] {
        assert!(page.dom.contains(shown), "{shown}: {}", page.dom);
    }
}

#[test]
fn the_leaderboard_takes_no_name_for_markup_and_says_why_there_is_nothing() {
    let service = Service::empty();
    let mut run = a_run("<img src=x onerror=alert(1)>", 0.5);
    run["workload"] = "chat".into();
    assert_eq!(service.post_run(&run).status, 201);
    let chat = visit(&format!("{}/?workload=chat#key={KEY}", service.url));
    assert_clean(&chat);
    assert!(chat.dom.contains("&lt;img src=x onerror=alert(1)&gt;"), "{}", chat.dom);
    let default = visit(&format!("{}/#key={KEY}", service.url));
    assert!(default.dom.contains("No runs to rank on workload default"), "{}", default.dom);
    let unknown = visit(&format!("{}/?metric=banana#key={KEY}", service.url));
    assert!(unknown.dom.contains("there are E2E_LATENCY, "), "{}", unknown.dom);
    // However it is spelled, and with a workload that nobody knows of.
    let ttft = visit(&format!("{}/?metric=ttft&workload=x#key={KEY}", service.url));
    assert!(ttft.dom.contains("No runs to rank on workload x"), "{}", ttft.dom);
}

#[test]
fn swagger_ui_renders_every_operation_without_the_internet() {
    let service = Service::empty();
    let page = visit(&format!("{}/docs", service.url));
    assert_clean(&page);
    for shown in ["swagger-ui", "opblock", "/api/v1/benchmark/{metric}", "/api/v1/runs"] {
        assert!(without_breaks(&page.dom).contains(shown), "{shown}: {}", page.console);
    }
}

#[test]
fn redoc_renders_every_operation_without_the_internet() {
    let service = Service::empty();
    let page = visit(&format!("{}/redoc", service.url));
    assert_clean(&page);
    for shown in ["redoc-wrap", "/api/v1/benchmark/{metric}", "/api/v1/runs"] {
        assert!(without_breaks(&page.dom).contains(shown), "{shown}: {}", page.console);
    }
}

/// Swagger UI lets long paths break with elements and invisible characters.
fn without_breaks(dom: &str) -> String {
    dom.replace("<wbr>", "").replace('\u{200b}', "").replace("&ZeroWidthSpace;", "")
}
