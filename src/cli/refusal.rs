//! Every way a job can fail, as an exit code and the text a person reads: code, what, place, remedy.

use super::exit::Exit;
use super::failure::Failure;
use crate::cache::CacheError;
use crate::config::{ConfigError, ConfigProblem};
use crate::data::{DataCode, DataError};
use crate::engine::SettingError;
use crate::job::JobError;
use crate::search::SamplerError;
use crate::store::{ErrorClass, StoreError};

impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        let detail = format!("{error:?}");
        let failure = match error {
            JobError::Config(error) => error.into(),
            JobError::Data(error) => error.into(),
            JobError::Setting(error) => setting(&error),
            JobError::Sampler(error) => sampler(&error),
            JobError::Strategy(error) => Self::coded(
                Exit::Usage,
                "E202",
                format_args!("no parameter set can run: {error}"),
                "compare data and parameters: omega-sweep check FILE",
            ),
            JobError::NothingToRun { .. } => {
                Self::coded(Exit::Usage, "E111", error, "relax it, or widen a range")
            }
            JobError::NoWindow(_) => Self::coded(
                Exit::Usage,
                "E150",
                error,
                "shorten `train` or `test`, move `from` back, or make the hold-out smaller",
            ),
            JobError::Store(error) => error.into(),
            JobError::Cache(error) => cache(&error),
            JobError::Threads(what) => Self::coded(
                Exit::Disk,
                "E308",
                what,
                "use fewer with --threads, then run it again: it goes on",
            ),
            JobError::Check(_) => {
                Self::coded(Exit::Usage, "E206", error, "run it once to see the trial fail: omega-sweep FILE")
            }
            JobError::WalkForward(what) => {
                Self::coded(Exit::Usage, "E151", what, "change the windows of `validation` or the parameters")
            }
            JobError::NotFound { what, remedy } => Self::new(Exit::Usage, what, remedy),
        };
        failure.with_detail(detail)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match &error {
            ConfigError::Read { path, source } => {
                let found = format!("cannot read the sweep file {}: {source}", path.display());
                let remedy = match similar_file(path) {
                    Some(near) => format!("did you mean {near}?"),
                    None => "give the path of a sweep file, or - for standard input".to_owned(),
                };
                Self::coded(Exit::Usage, "file_not_found", found, remedy)
            }
            ConfigError::Invalid(problems) => {
                let text = |problem: &ConfigProblem| {
                    with_remedy(problem.to_string(), problem.suggestion.is_some(), problem.code)
                };
                let texts: Vec<String> = problems.iter().map(text).collect();
                Self::rendered(Exit::Usage, texts.join("\n\n"))
            }
        }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        let exit = match error.code() {
            DataCode::MemoryLimit => Exit::Memory,
            // What the sweep file or the command line asks for, not what the files hold.
            DataCode::Selection | DataCode::UnknownSymbol => Exit::Usage,
            _ => Exit::DataRefused,
        };
        Self::rendered(
            exit,
            with_remedy(error.to_string(), error.problem().hint.is_some(), error.code().as_str()),
        )
    }
}

/// Every message ends in a remedy; where none is at hand, the long text of its code has one.
fn with_remedy(text: String, has_one: bool, code: &str) -> String {
    if has_one { text } else { format!("{text}\n  = what to do: omega-sweep explain {code}") }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match error.class() {
            ErrorClass::Disk => Exit::Disk,
            ErrorClass::Damaged => Exit::ResultsDamaged,
            ErrorClass::Refused => Exit::ResumeRefused,
            ErrorClass::Internal => Exit::Internal,
        };
        let whole = error.to_string();
        // Messages without a remedy of their own end in one, behind a semicolon.
        let (what, remedy) = match (error.remedy(), whole.rsplit_once("; ")) {
            (Some(remedy), _) => (whole.as_str(), remedy),
            (None, Some((what, remedy))) => (what, remedy),
            (None, None) => (whole.as_str(), "run the same command again"),
        };
        Self::coded(exit, error.code(), what, remedy)
    }
}

fn setting(error: &SettingError) -> Failure {
    let remedy = match error {
        SettingError::Unknown { closest: Some(near), .. } => format!("did you mean `{near}`?"),
        SettingError::MissingRate { .. } => "add the pair to the data or the rate to the file".to_owned(),
        _ => "change it under `strategy.engine`".to_owned(),
    };
    Failure::coded(Exit::Usage, "E102", error, remedy)
}

fn sampler(error: &SamplerError) -> Failure {
    match error {
        SamplerError::TooTight { .. } => Failure::coded(
            Exit::Usage,
            "E112",
            error,
            "narrow the ranges to where it holds, lower `trials`, or use a grid",
        ),
        _ => Failure::coded(Exit::Usage, "E130", error, "use larger steps, or a sampler with `trials`"),
    }
}

fn cache(error: &CacheError) -> Failure {
    match error {
        CacheError::Budget { .. } => Failure::coded(
            Exit::Memory,
            "memory_limit",
            error,
            "give more with --memory, or shorten the data with `from` and `to`",
        ),
        _ => Failure::coded(Exit::Usage, "E203", error, "change the parameter, or add the timeframe"),
    }
}

/// A sweep file in the same folder whose name is close to the one that is not there.
fn similar_file(path: &std::path::Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let entries = std::fs::read_dir(folder.unwrap_or(std::path::Path::new("."))).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names
        .filter(|name| std::path::Path::new(name).extension().is_some_and(|extension| extension == "json"))
        .map(|name| (strsim::damerau_levenshtein(wanted, &name), name))
        .filter(|(distance, _)| *distance <= 3)
        .min()
        .map(|(_, name)| path.with_file_name(name).display().to_string())
}
