use benchmark_domain::{Provider, WorkloadSlug};
use benchmark_ports::{RankingQuery, Subject};
use sha2::{Digest, Sha256};

/// A question as Redis knows it: in full, and where its answer is kept.
///
/// The keyspace of a Redis Cluster is spread over its nodes by what stands in
/// braces. Everything about a workload is kept in one *part*, so that an answer
/// and the part's generation come in one command. The parts are few and
/// numbered, so that all of them can be forgotten without a list of workloads;
/// where two workloads share one, forgetting the one loads the other again once
/// too often.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    /// Equal for equal questions, different for different ones.
    pub(crate) text: Vec<u8>,
    pub(crate) part: Part,
}

/// The number of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Part(pub(crate) u8);

impl Part {
    /// The part that a workload is in, for every process the same.
    pub(crate) fn of(workload: &WorkloadSlug) -> Self {
        Self(Sha256::digest(workload.as_str())[0])
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map(Self)
    }

    /// The key of its generation.
    pub(crate) fn generation_key(self) -> String {
        format!("{{{}}}:generation", self.0)
    }

    /// What the keys of its answers begin with.
    pub(crate) fn answers(self) -> String {
        format!("{{{}}}:answer:", self.0)
    }
}

impl Question {
    pub(crate) fn new(query: &RankingQuery) -> Self {
        let RankingQuery { subject, workload, window, statistic, provider, limit, offset } = query;
        let mut text = Vec::with_capacity(128);
        // Lengths first, so that no two questions run into the same text.
        let mut add = |field: &str| {
            text.extend((field.len() as u64).to_le_bytes());
            text.extend(field.as_bytes());
        };
        match subject {
            Subject::Metric(metric) => {
                add("metric");
                add(metric.as_str());
            }
            Subject::AllMetrics => add("metrics"),
        }
        add(workload.as_str());
        add(&window.to_string());
        add(statistic.as_str());
        add(provider.as_ref().map_or("", Provider::as_str));
        text.extend((limit.get() as u64).to_le_bytes());
        text.extend(offset.to_le_bytes());
        Self { text, part: Part::of(workload) }
    }

    /// The key of its answer, behind what those of the part begin with. Two
    /// questions may have the same one, if ever so improbably: what is kept names
    /// its question.
    pub(crate) fn answer_key(&self, answers: &str) -> String {
        const HEX: [char; 16] =
            ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
        let hash = Sha256::digest(&self.text);
        let mut key = String::with_capacity(answers.len() + 32);
        key.push_str(answers);
        // The first half as one number, little-endian.
        for byte in hash[..16].iter().rev() {
            key.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use benchmark_domain::{Statistic, Window, metrics};
    use benchmark_port_contracts::fixtures::{page, slug};

    use super::*;

    fn a_question() -> RankingQuery {
        RankingQuery {
            subject: Subject::Metric(metrics::TTFT),
            workload: slug("default"),
            window: Window::Latest,
            statistic: Statistic::Mean,
            provider: None,
            limit: page(100),
            offset: 0,
        }
    }

    fn key(question: &Question) -> String {
        question.answer_key(&question.part.answers())
    }

    #[test]
    fn different_questions_have_different_texts_and_keys() {
        let provider = Some(Provider::parse("groq").unwrap());
        let questions = [
            a_question(),
            RankingQuery { subject: Subject::AllMetrics, ..a_question() },
            RankingQuery { workload: slug("other"), ..a_question() },
            RankingQuery { window: Window::Hours(24), ..a_question() },
            RankingQuery { statistic: Statistic::P99, ..a_question() },
            RankingQuery { provider, ..a_question() },
            RankingQuery { limit: page(10), ..a_question() },
            RankingQuery { limit: page(10), offset: 10, ..a_question() },
        ];
        for (i, one) in questions.iter().enumerate() {
            for (j, other) in questions.iter().enumerate() {
                let (one, other) = (Question::new(one), Question::new(other));
                assert_eq!(one == other, i == j);
                assert_eq!(key(&one) == key(&other), i == j);
            }
        }
    }

    /// Processes of different builds share a Redis.
    #[test]
    fn keys_are_the_same_in_every_build() {
        let question = Question::new(&a_question());
        assert_eq!(question.part.generation_key(), "{55}:generation");
        assert_eq!(key(&question), "{55}:answer:63f307f9626cfd81a7a7ec8381bcca74");
    }

    #[test]
    fn every_part_has_a_key_of_its_own() {
        let keys: std::collections::BTreeSet<_> = Part::all().map(Part::generation_key).collect();
        assert_eq!(keys.len(), 256);
    }
}
