//! The documents in a real browser that reaches nothing but the service.

use std::io;
use std::process::{Command, Output};

use crate::service::Service;

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
