use benchmark_domain::Conditions;
use serde::Deserialize;

use super::tool;
use crate::content::Content;
use crate::header::{self, Header};
use crate::number::{self, Number};
use crate::records::Records;
use crate::refusal::Problem;
use crate::report::Report;
use crate::result_file::FileName;
use crate::said::Said;
use crate::tally::{Success, Tally};

/// What is of use of a request. Times are in seconds on a clock without a date.
#[derive(Deserialize)]
#[serde(expecting = "the record of a request")]
struct Record {
    start_time: Option<Number>,
    end_time: Option<Number>,
    /// What was sent, as text that is JSON.
    request: Option<String>,
    info: Option<Info>,
    error: Option<Said>,
}

#[derive(Deserialize)]
struct Info {
    input_tokens: Option<Number>,
    response_metrics: Option<Response>,
}

#[derive(Default, Deserialize)]
struct Response {
    output_tokens: Option<Number>,
    #[serde(default)]
    chunk_times: Vec<Number>,
    #[serde(default)]
    output_token_times: Vec<Number>,
}

#[derive(Deserialize)]
struct Sent {
    model: Option<String>,
}

pub(super) fn report(
    content: &mut Content<'_>,
    file: &FileName,
    notes: &mut Vec<String>,
) -> Result<Report, Problem> {
    let mut tally = Tally::default();
    let mut model: Option<String> = None;
    let (mut input_tokens, mut counted) = (0.0, 0_u64);
    let mut records = Records::of_list(content)?;
    while let Some(record) = records.next::<Record>()? {
        match (&model, record.model()) {
            (Some(first), Some(other)) if *first != other => {
                let what = format_args!("it is {other}, and {first} before");
                return Err(records.at(Problem::at("request: model", what)));
            }
            (None, found) => model = found,
            _ => {}
        }
        if record.succeeded()
            && let Some(tokens) = record.info.as_ref().and_then(|info| info.input_tokens)
        {
            input_tokens += tokens.0;
            counted += 1;
        }
        record.add_to(&mut tally).map_err(|problem| records.at(problem))?;
    }
    notes.push(header::MEASURED_LENGTHS.to_owned());
    notes.extend(tally.notes());
    let header = Header {
        llm: header::llm("request: model", model.as_deref()),
        conditions: number::mean_of("info: input_tokens", Some(Number(input_tokens)), counted).map(
            |input_tokens| Conditions {
                input_tokens,
                output_tokens: tally.mean_output_tokens(),
                ..Conditions::default()
            },
        ),
        ..Header::silent(file.clone())
    };
    let requests = tally.requests()?;
    Ok(Report { header, tool: tool()?, requests, measurements: tally.into_measurements()? })
}

impl Record {
    fn model(&self) -> Option<String> {
        serde_json::from_str::<Sent>(self.request.as_deref()?).ok()?.model
    }

    fn succeeded(&self) -> bool {
        !self.error.is_some_and(|Said(error)| error)
    }

    fn add_to(self, tally: &mut Tally) -> Result<(), Problem> {
        let start = number::required("start_time", self.start_time)?;
        let end = number::required("end_time", self.end_time)?;
        tally.lasted(start, end)?;
        if !self.succeeded() {
            tally.fail();
            return Ok(());
        }
        let response = self.info.and_then(|info| info.response_metrics).unwrap_or_default();
        let Response { output_tokens, chunk_times, output_token_times } = response;
        let ends = output_token_times.first().zip(output_token_times.last());
        let (ttft, e2e_latency) = match ends {
            Some((first, last)) => (Some(first.0 - start), last.0 - start),
            None => (None, end - start),
        };
        // The tool spreads a chunk's tokens; when chunks came is what it saw.
        let gap = |pair: &[Number]| pair[1].0 - pair[0].0;
        let gaps: Vec<_> = chunk_times.windows(2).map(gap).collect();
        tally.succeed(Success {
            ttft,
            e2e_latency,
            output_tokens: number::optional_count("output_tokens", output_tokens)?,
            gaps: (!chunk_times.is_empty()).then_some(&gaps),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result_file::ResultFile;

    #[test]
    fn requests_to_two_models_are_no_run() {
        let record = |model| {
            format!(
                r#"{{"start_time": 1, "end_time": 2, "request": "{{\"model\": \"{model}\"}}"}}"#
            )
        };
        let list = format!("[{}, {}, {}]", record("a"), record("a"), record("b"));
        let mut file = ResultFile::new("x.json", list.as_bytes());
        let problem = report(&mut file.content, &file.name, &mut Vec::new()).unwrap_err();
        assert_eq!(String::from(problem), "record 3: request: model: it is b, and a before");
    }
}
