//! Leaves the files that browsers load, gzipped, for `include_bytes!`: our own, and
//! the scripts of the documentation pages, which it takes out of the registry
//! packages that carry them.

use std::error::Error;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    own(&out)?;
    swagger_ui(&out)?;
    redoc(&out)
}

/// The pages, and what they load of ours.
fn own(out: &Path) -> Result<(), Box<dyn Error>> {
    const FILES: [&str; 7] = [
        "src/docs/swagger-ui.html",
        "src/docs/swagger-ui-start.js",
        "src/docs/redoc.html",
        "src/docs/redoc-start.js",
        "src/leaderboard/leaderboard.html",
        "src/leaderboard/leaderboard.css",
        "src/leaderboard/leaderboard.js",
    ];
    for path in FILES.map(Path::new) {
        let file = path.file_name().ok_or("a file has a name")?;
        println!("cargo::rerun-if-changed={}", path.display());
        gzip(&out.join(file), &fs::read(path)?)?;
    }
    Ok(())
}

/// The two files of Swagger UI that the page needs, from the archive of a
/// release.
fn swagger_ui(out: &Path) -> Result<(), Box<dyn Error>> {
    const WANTED: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];
    let archive = Cursor::new(utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED);
    let mut archive = zip::ZipArchive::new(archive)?;
    for wanted in WANTED {
        let ending = format!("/dist/{wanted}");
        let name = archive
            .file_names()
            .flatten()
            .find(|name| name.ends_with(&ending))
            .ok_or_else(|| format!("Swagger UI's archive has no {wanted}"))?
            .into_owned();
        let mut content = Vec::new();
        archive.by_name(&name)?.read_to_end(&mut content)?;
        gzip(&out.join(wanted), &content)?;
    }
    Ok(())
}

/// ReDoc's script, out of the page that `aide` writes around it. The one thing
/// that it would load from elsewhere, its logo, becomes an empty picture.
fn redoc(out: &Path) -> Result<(), Box<dyn Error>> {
    const LOGO: &str = "https://cdn.redoc.ly/redoc/logo-mini.svg";
    let page = aide::redoc::Redoc::new("").html();
    let script = page
        .split_once("<script>")
        .and_then(|(_, rest)| rest.rsplit_once("Redoc.init("))
        .map(|(script, _)| script.trim())
        .ok_or("aide's page around ReDoc has changed its shape")?;
    if !script.contains(LOGO) {
        return Err("ReDoc loads its logo from elsewhere than before".into());
    }
    let script = script.replace(
        LOGO,
        "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='0' height='0'/>",
    );
    gzip(&out.join("redoc.js"), script.as_bytes())
}

fn gzip(path: &Path, content: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    let mut name = path.as_os_str().to_owned();
    name.push(".gz");
    fs::write(name, encoder.finish()?)?;
    Ok(())
}
