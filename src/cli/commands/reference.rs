//! What exists: strategies, metrics, codes, schema, completions, manual page.

use clap::CommandFactory;

use super::print;
use crate::cli::args::{Cli, CompletionsArgs, ExplainArgs, MetricsArgs, StrategiesArgs};
use crate::cli::exit::Exit;
use crate::cli::explain;
use crate::cli::failure::Failure;
use crate::cli::output::Console;
use crate::engine::StrategyRunner;
use crate::engine::registry::Registry;
use crate::metrics::METRICS;
use crate::report::catalog::{self, MetricCard, StrategyCard};
use crate::report::terminal;

/// The JSON Schema of the sweep file, as committed.
const SCHEMA: &str = include_str!("../../config/grid.schema.json");

/// `schema`
pub(super) fn schema(console: Console) -> Result<Exit, Failure> {
    print(console, SCHEMA)
}

/// `completions SHELL`
pub(super) fn completions(args: &CompletionsArgs, console: Console) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "omega-sweep", &mut script);
    print(console, &String::from_utf8_lossy(&script))
}

/// `man`
pub(super) fn man(console: Console) -> Result<Exit, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .map_err(|error| Failure::new(Exit::Internal, error, "report this with the version"))?;
    print(console, &String::from_utf8_lossy(&page))
}

/// `strategies [NAME]`
pub(super) fn strategies(
    args: &StrategiesArgs,
    registry: &Registry,
    console: Console,
) -> Result<Exit, Failure> {
    let Some(name) = &args.name else {
        let cards: Vec<_> = registry.iter().map(|runner| card(runner.as_ref())).collect();
        let text = if args.json {
            let list: Vec<_> = cards.iter().map(catalog::strategy_json).collect();
            format!("{:#}\n", serde_json::Value::from(list))
        } else {
            catalog::strategy_list(&cards)
        };
        return print(console, &text);
    };
    let runner = registry.find(name).map_err(|unknown| {
        let remedy = match &unknown.closest {
            Some(near) => format!("did you mean `{near}`?   (all: omega-sweep strategies)"),
            None => "list them with: omega-sweep strategies".to_owned(),
        };
        Failure::coded(Exit::Usage, "E102", &unknown, remedy)
    })?;
    let card = card(runner.as_ref());
    let text = if args.json {
        format!("{:#}\n", catalog::strategy_json(&card))
    } else {
        catalog::strategy_page(&card)
    };
    print(console, &text)
}

fn card(runner: &dyn StrategyRunner) -> StrategyCard<'_> {
    StrategyCard { name: runner.name(), help: runner.help(), params: runner.params() }
}

/// `metrics`
pub(super) fn metrics(args: &MetricsArgs, console: Console) -> Result<Exit, Failure> {
    let cards: Vec<MetricCard<'_>> = METRICS
        .iter()
        .map(|def| MetricCard {
            key: def.key,
            unit: def.unit,
            domain: def.domain,
            goal: def.goal.as_str(),
            description: def.description,
            formula: def.formula,
        })
        .collect();
    let text = if args.json {
        format!("{:#}\n", catalog::metrics_json(&cards))
    } else {
        catalog::metric_list(&cards)
    };
    print(console, &text)
}

/// `explain CODE`
pub(super) fn explain(args: &ExplainArgs, console: Console) -> Result<Exit, Failure> {
    let Some(code) = &args.code else {
        return print(console, &catalog::code_list(explain::all().map(|one| (one.code, one.title))));
    };
    let Some(found) = explain::find(code) else {
        let near = explain::closest(code);
        let remedy = near.map_or_else(
            || "list the codes with: omega-sweep explain".to_owned(),
            |near| format!("did you mean `{near}`?   (all: omega-sweep explain)"),
        );
        return Err(Failure::new(Exit::Usage, format_args!("unknown code `{code}`"), remedy));
    };
    let mut lines = vec![format!("{}: {}", found.code, found.title), String::new()];
    lines.extend(terminal::wrap(found.text, terminal::WIDTH, 0));
    print(console, &(lines.join("\n") + "\n"))
}
