//! `parameters`: each entry in its long or short form to one axis of the space.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::engine;
use super::section::{Context, Field, Section, at_key, closest, number_json};
use super::source::{Entry, Number, Value};
use super::strategy::{StrategyReading, canonical, check_value};
use crate::search::axis::same_value;
use crate::search::{Axis, Condition, Coordinate, Decimal, Levels};
use crate::types::{ParamDomain, ParamSpec, ParamValue, SweepHint};

/// An axis with its entry in the file.
pub(super) struct ReadAxis<'a> {
    pub(super) axis: Axis,
    /// `None` for an axis that the strategy declares and the file does not mention.
    pub(super) field: Option<Field<'a>>,
}

/// Most levels of a parent that `when` is checked against.
const CHECKED_LEVELS: u64 = 10_000;

/// Reads the section, or takes the ranges the strategy declares when it is absent.
pub(super) fn read<'a>(root: &mut Section<'a>, strategy: &StrategyReading) -> (Vec<ReadAxis<'a>>, Json) {
    let Some(field) = root.get("parameters") else { return declared(root, strategy) };
    let mut axes: Vec<ReadAxis<'a>> = Vec::new();
    let mut resolved = Map::new();
    for (entry, value) in field.named().unwrap_or_default() {
        let spec = declaration(entry, &value, strategy);
        let reader = AxisReader { field: &value, spec: spec.as_ref(), earlier: &axes, strategy };
        if let Some((axis, json)) = reader.read(&entry.key) {
            if entry.key.starts_with(engine::PREFIX) {
                engine::check_axis(&value, entry, &axis.levels, &strategy.engine);
            }
            resolved.insert(entry.key.clone(), json);
            axes.push(ReadAxis { axis, field: Some(value) });
        }
    }
    if field.node.entries().is_some_and(<[Entry]>::is_empty) {
        field.report(
            field
                .problem("E103", "`parameters` is empty")
                .suggest("leave it out to search the ranges the strategy declares".to_owned()),
        );
    }
    (axes, resolved.into())
}

/// The declaration of a strategy's parameter; engine paths and parameters of rules have none.
fn declaration(entry: &Entry, field: &Field<'_>, strategy: &StrategyReading) -> Option<ParamSpec> {
    let is_name = entry.key.split('.').all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    });
    if !is_name {
        let message = format!("`{}` is not a name of a parameter", entry.key);
        field.report(at_key(field.context, entry, &field.path, "E105", message));
        return None;
    }
    if entry.key.starts_with(engine::PREFIX) { None } else { strategy.declared_or_report(entry, field) }
}

fn declared<'a>(root: &Section<'a>, strategy: &StrategyReading) -> (Vec<ReadAxis<'a>>, Json) {
    let specs = strategy.searched_by_default();
    if specs.is_empty() && strategy.kind.is_some() {
        root.missing(
            "parameters",
            "say what to search, such as \"window\": {\"from\": 20, \"to\": 200, \"step\": 20}",
        );
    }
    let axes = specs.iter().filter(|spec| !strategy.gives(&spec.name)).filter_map(|spec| {
        let levels = hinted(spec)?;
        let axis = Axis { name: spec.name.as_ref().into(), levels, condition: None };
        Some((ReadAxis { axis: axis.clone(), field: None }, (spec.name.to_string(), axis_json(&axis))))
    });
    let (axes, resolved): (Vec<_>, Map<String, Json>) = axes.unzip();
    (axes, resolved.into())
}

fn hinted(spec: &ParamSpec) -> Option<Levels> {
    match spec.sweep.as_ref()? {
        SweepHint::Range { from, to, step } => {
            let decimal = |digits: &str| Decimal::from_f64(digits.parse().ok()?);
            let (from, to, step) = (decimal(from)?, decimal(to)?, decimal(step)?);
            let (steps, _) = from.steps_to(to, step)?;
            let whole = matches!(spec.domain, ParamDomain::Int { .. });
            Some(Levels::Stepped { from, step, count: steps + 1, whole })
        }
        SweepHint::Choice(values) => {
            Some(Levels::Choice { values: values.as_slice().into(), ordered: false })
        }
    }
}

/// One entry while it is read.
struct AxisReader<'r, 'a> {
    field: &'r Field<'a>,
    spec: Option<&'r ParamSpec>,
    earlier: &'r [ReadAxis<'a>],
    strategy: &'r StrategyReading,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Int,
    Float,
    Choice,
    Bool,
    Fixed,
}

const KINDS: [(&str, Kind); 6] = [
    ("int", Kind::Int),
    ("float", Kind::Float),
    ("choice", Kind::Choice),
    ("categorical", Kind::Choice),
    ("bool", Kind::Bool),
    ("fixed", Kind::Fixed),
];

impl<'a> AxisReader<'_, 'a> {
    fn read(&self, name: &str) -> Option<(Axis, Json)> {
        let (levels, condition) = match &self.field.node.value {
            Value::List(_) => (self.choice(self.field, false)?, None),
            Value::Object(_) => self.long_form()?,
            Value::Null => {
                let forms = "a list, a range, or a single value";
                self.field.wrong_with(forms, Some("{\"kind\": \"fixed\", \"value\": null}".to_owned()));
                return None;
            }
            _ => (self.fixed(self.field), None),
        };
        let axis = Axis { name: name.into(), levels, condition };
        self.check_levels(&axis);
        let json = axis_json(&axis);
        let json = self.with_condition(json, &axis);
        Some((axis, json))
    }

    fn long_form(&self) -> Option<(Levels, Option<Condition>)> {
        let mut section = self.field.section()?;
        let kind = self.kind(&mut section)?;
        let levels = match kind {
            Kind::Int | Kind::Float => self.range(&mut section, kind),
            Kind::Choice => {
                let of = alias(&mut section, "of", "choices");
                let ordered = section.flag_or("ordered", false);
                if of.is_none() {
                    section.missing("of", "the values to choose from, such as \"of\": [10, 20]");
                }
                of.and_then(|of| self.choice(&of, ordered))
            }
            Kind::Bool => Some(choice_of([ParamValue::Bool(false), ParamValue::Bool(true)].into(), false)),
            Kind::Fixed => {
                section.needed("value", "the value, such as \"value\": 14").map(|value| self.fixed(&value))
            }
        };
        let condition = if kind == Kind::Fixed { None } else { self.condition(&mut section) };
        section.finish();
        Some((levels?, condition))
    }

    fn kind(&self, section: &mut Section<'a>) -> Option<Kind> {
        if let Some(kind) = alias(section, "kind", "type") {
            return kind.word(&KINDS);
        }
        if ["from", "to", "low", "high"].iter().any(|key| section.has(key)) {
            let bounds = ["from", "to", "low", "high", "step"].into_iter();
            let whole = bounds.filter_map(|key| self.field.node.get(key)).all(|node| match &node.value {
                Value::Number(number) => number.whole().is_some(),
                _ => true,
            });
            return Some(if whole { Kind::Int } else { Kind::Float });
        }
        section.missing(
            "kind",
            "one of int, float, choice, bool, fixed; or write a list, a range or a single value",
        );
        None
    }

    fn range(&self, section: &mut Section<'a>, kind: Kind) -> Option<Levels> {
        let (from, to) = (alias(section, "from", "low"), alias(section, "to", "high"));
        let (step, points, log) = (section.get("step"), section.get("points"), section.get("log"));
        let log = log.is_some_and(|log| log.flag().unwrap_or(false));
        for (bound, key) in [(&from, "from"), (&to, "to")] {
            if bound.is_none() {
                section.missing(key, "a range needs `from` and `to`");
            }
        }
        let (from, to) = (from?, to?);
        let (low, high) = (number_of(&from)?, number_of(&to)?);
        if low.value > high.value {
            let message = format!("the range is empty: from {} is above to {}", low.digits, high.digits);
            self.field.report(self.field.problem("E103", message).suggest("swap `from` and `to`".to_owned()));
            return None;
        }
        if log {
            return self.log_range(kind, &from, low.value, high.value, step.as_ref(), points.as_ref());
        }
        if let Some(points) = points {
            let problem = points.problem("E103", "`points` has a meaning only with \"log\": true");
            points.report(problem.suggest("give `step` instead".to_owned()));
            return None;
        }
        if kind == Kind::Int {
            for bound in [&from, &to].into_iter().chain(step.as_ref()) {
                whole(bound)?;
            }
        }
        match step {
            Some(step) => self.stepped(low, high, &step, kind),
            None if kind == Kind::Int => self.stepped_by(low, high, Decimal::from_i64(1), kind),
            None if low.value == high.value => {
                let message = format!("the range holds one value, {}", low.digits);
                let suggestion =
                    format!("a single value is written \"{}\": {}", self.field.path.name(), low.digits);
                self.field.report(self.field.problem("E103", message).suggest(suggestion));
                None
            }
            None => Some(Levels::Continuous { from: low.value, to: high.value, log: false }),
        }
    }

    fn stepped(&self, low: &Number, high: &Number, step: &Field<'_>, kind: Kind) -> Option<Levels> {
        let number = number_of(step)?;
        if number.value <= 0.0 {
            let message = format!("step must be above zero, got {}", number.digits);
            let name = self.field.path.name();
            let suggestion = format!("a single value is written \"{name}\": {}", low.digits);
            step.report(step.problem("E103", message).suggest(suggestion));
            return None;
        }
        self.stepped_by(low, high, Decimal::from_f64(number.value)?, kind)
    }

    fn stepped_by(&self, low: &Number, high: &Number, step: Decimal, kind: Kind) -> Option<Levels> {
        let from = Decimal::from_f64(low.value)?;
        let Some((steps, lands)) = from.steps_to(Decimal::from_f64(high.value)?, step) else {
            let message = "the step is too small for a range of this size";
            self.field.report(self.field.problem("E103", message).suggest("use a larger `step`".to_owned()));
            return None;
        };
        let last = from.plus_steps(step, steps)?;
        if !lands {
            let message = format!("the steps end at {}: {} is not reached", last.to_f64(), high.digits);
            let suggestion = format!("write \"to\": {}", last.to_f64());
            self.field.report(self.field.problem("W103", message).suggest(suggestion).warning());
        }
        let whole = match self.spec {
            Some(spec) => matches!(spec.domain, ParamDomain::Int { .. }),
            None => kind == Kind::Int,
        };
        Some(Levels::Stepped { from, step, count: steps.checked_add(1)?, whole })
    }

    fn log_range(
        &self,
        kind: Kind,
        from: &Field<'_>,
        low: f64,
        high: f64,
        step: Option<&Field<'_>>,
        points: Option<&Field<'_>>,
    ) -> Option<Levels> {
        let refuse = |field: &Field<'_>, message: &str, suggestion: &str| {
            field.report(field.problem("E103", message).suggest(suggestion.to_owned()));
        };
        if kind == Kind::Int {
            refuse(
                self.field,
                "a logarithmic range holds floats, not whole numbers",
                "write \"kind\": \"float\"",
            );
            return None;
        }
        if step.is_some() {
            refuse(self.field, "`log` and `step` exclude each other", "give `points` instead of `step`");
            return None;
        }
        if low <= 0.0 {
            let message = format!("a logarithmic range starts above zero, got {low}");
            refuse(from, &message, "write a small number above zero");
            return None;
        }
        if low == high {
            refuse(self.field, "the range holds one value", "write the value alone");
            return None;
        }
        match points {
            Some(points) => Some(Levels::LogPoints { from: low, to: high, points: points.count(2)? }),
            None => Some(Levels::Continuous { from: low, to: high, log: true }),
        }
    }

    fn choice(&self, of: &Field<'_>, ordered: bool) -> Option<Levels> {
        let items = of.list()?;
        if items.is_empty() {
            let problem = self.field.problem("E103", "the list of values is empty");
            self.field.report(problem.suggest("give at least one value".to_owned()));
            return None;
        }
        let mut values: Vec<ParamValue> = Vec::with_capacity(items.len());
        for item in &items {
            let value = self.domain_value(item.node.to_param());
            if values.iter().any(|known| same_value(known, &value)) {
                let message = format!("{} stands twice in the list", item.node.shown());
                item.report(item.problem("E103", message).suggest("remove one of them".to_owned()));
            } else {
                values.push(value);
            }
        }
        Some(choice_of(values.into(), ordered))
    }

    fn fixed(&self, field: &Field<'_>) -> Levels {
        choice_of([self.domain_value(field.node.to_param())].into(), false)
    }

    fn domain_value(&self, value: ParamValue) -> ParamValue {
        match self.spec {
            Some(spec) => canonical(spec, value),
            None => value,
        }
    }

    /// Values outside what the strategy declares; of a range its first, second and last one.
    fn check_levels(&self, axis: &Axis) {
        let Some(spec) = self.spec else { return };
        let is_float = matches!(spec.domain, ParamDomain::Float { .. });
        match (&axis.levels, axis.levels.count()) {
            (Levels::Choice { values, .. }, _) => {
                let _ = values.iter().all(|value| check_value(self.field, spec, value));
            }
            (Levels::Continuous { .. } | Levels::LogPoints { .. }, _) if !is_float => {
                let message =
                    format!("`{}` must be {}, not any number of a range", spec.name, spec.allowed());
                let problem = self.field.problem("E102", message).allowed(spec.allowed());
                self.field.report(problem.suggest("give whole numbers, or a list of values".to_owned()));
            }
            (Levels::Continuous { from, to, .. }, _) => {
                let _ =
                    [*from, *to].iter().all(|end| check_value(self.field, spec, &ParamValue::Float(*end)));
            }
            (levels, Some(count)) => {
                let at = |level| levels.value(Coordinate::Level(level));
                let _ = [0, 1, count - 1].iter().all(|level| check_value(self.field, spec, &at(*level)));
            }
            (_, None) => {}
        }
    }

    fn condition(&self, section: &mut Section<'a>) -> Option<Condition> {
        let (when, otherwise) = (section.get("when"), section.get("otherwise"));
        let Some(when) = when else {
            if let Some(otherwise) = otherwise {
                otherwise.report(otherwise.problem("E102", "`otherwise` has a meaning only with `when`"));
            }
            return None;
        };
        let mut parents = Vec::new();
        for (entry, values) in when.named()? {
            parents.extend(self.parent(&when, entry, &values));
        }
        if when.node.entries().is_some_and(<[Entry]>::is_empty) {
            when.wrong("an object of parameters with lists of values");
        }
        let otherwise = match otherwise {
            Some(otherwise) => {
                let value = self.domain_value(otherwise.node.to_param());
                if let Some(spec) = self.spec {
                    check_value(&otherwise, spec, &value);
                }
                value
            }
            None => self.base_value(section)?,
        };
        Some(Condition { when: parents, otherwise })
    }

    fn base_value(&self, section: &Section<'_>) -> Option<ParamValue> {
        let value = self.strategy.base_value(self.field.path.name());
        if value.is_none() {
            section.missing(
                "otherwise",
                "the value while the parameter is inactive, in `otherwise` or `strategy.base`",
            );
        }
        value
    }

    fn parent(
        &self,
        when: &Field<'_>,
        entry: &Entry,
        values: &Field<'_>,
    ) -> Option<(usize, Vec<ParamValue>)> {
        let items = values.list()?;
        let found = self.earlier.iter().position(|earlier| *earlier.axis.name == *entry.key);
        let Some(parent) = found else {
            let names = self.earlier.iter().map(|earlier| earlier.axis.name.as_ref());
            let suggestion = match closest(&entry.key, names) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "name a parameter that is declared before this one".to_owned(),
            };
            let message = format!("`when` names `{}`, which is no earlier parameter", entry.key);
            when.report(when.problem("E110", message).suggest(suggestion));
            return None;
        };
        let levels = &self.earlier[parent].axis.levels;
        let count = levels.count().filter(|count| *count <= CHECKED_LEVELS);
        for item in &items {
            let value = item.node.to_param();
            let takes = |count| (0..count).any(|k| same_value(&levels.value(Coordinate::Level(k)), &value));
            if count.is_some_and(|count| !takes(count)) {
                let message = format!("`{}` never takes the value {}", entry.key, item.node.shown());
                item.report(
                    item.problem("E102", message).suggest(format!("give a value of `{}`", entry.key)),
                );
            }
        }
        Some((parent, items.iter().map(|item| item.node.to_param()).collect()))
    }

    fn with_condition(&self, json: Json, axis: &Axis) -> Json {
        let (Json::Object(mut map), Some(condition)) = (json.clone(), &axis.condition) else { return json };
        let when: Map<String, Json> = condition
            .when
            .iter()
            .map(|(parent, values)| {
                let values = values.iter().map(ParamValue::to_json).collect();
                (self.earlier[*parent].axis.name.to_string(), Json::Array(values))
            })
            .collect();
        map.insert("when".to_owned(), when.into());
        map.insert("otherwise".to_owned(), condition.otherwise.to_json());
        map.into()
    }
}

/// The value under one of two names; both at once is an error.
fn alias<'a>(section: &mut Section<'a>, key: &'static str, other: &'static str) -> Option<Field<'a>> {
    let (first, second) = (section.get(key), section.get(other));
    if let (Some(_), Some(second)) = (&first, &second) {
        let message = format!("`{other}` is another name of `{key}`: give one of them");
        second.report(second.problem("E102", message).suggest(format!("remove `{other}`")));
    }
    first.or(second)
}

fn number_of<'a>(field: &Field<'a>) -> Option<&'a Number> {
    let number = field.as_number();
    if number.is_none() {
        field.wrong("a number");
    }
    number
}

fn whole(field: &Field<'_>) -> Option<()> {
    let number = number_of(field)?;
    if number.value.fract() == 0.0 && number.value.abs() < 9.0e15 {
        return Some(());
    }
    let message =
        format!("`{}` of a whole-number range must be whole, got {}", field.path.name(), number.digits);
    field
        .report(field.problem("E103", message).suggest("write \"kind\": \"float\" for fractions".to_owned()));
    None
}

fn choice_of(values: Arc<[ParamValue]>, ordered: bool) -> Levels {
    Levels::Choice { values, ordered }
}

/// The long form of an axis without its condition.
fn axis_json(axis: &Axis) -> Json {
    let pairs: Vec<(&str, Json)> = match &axis.levels {
        Levels::Stepped { from, step, count, whole } => {
            let last = from.plus_steps(*step, count - 1).unwrap_or(*from);
            let number = |value: Decimal| {
                if *whole { number_json(value.to_f64()) } else { Json::from(value.to_f64()) }
            };
            let kind = if *whole { "int" } else { "float" };
            vec![
                ("kind", kind.into()),
                ("from", number(*from)),
                ("to", number(last)),
                ("step", number(*step)),
            ]
        }
        Levels::LogPoints { from, to, points } => {
            let log = [("log", true.into()), ("points", (*points).into())];
            [("kind", "float".into()), ("from", (*from).into()), ("to", (*to).into())]
                .into_iter()
                .chain(log)
                .collect()
        }
        Levels::Continuous { from, to, log } => {
            let mut pairs = vec![("kind", "float".into()), ("from", (*from).into()), ("to", (*to).into())];
            if *log {
                pairs.push(("log", true.into()));
            }
            pairs
        }
        Levels::Choice { values, .. } if values.len() == 1 && axis.condition.is_none() => {
            vec![("kind", "fixed".into()), ("value", values[0].to_json())]
        }
        Levels::Choice { values, ordered } => {
            let of = values.iter().map(ParamValue::to_json).collect();
            vec![("kind", "choice".into()), ("of", Json::Array(of)), ("ordered", (*ordered).into())]
        }
    };
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()
}

/// Where a problem of an axis is told: its entry, or the whole file when the strategy declares it.
pub(super) fn axis_field<'a>(axis: &ReadAxis<'a>, context: Context<'a>) -> Field<'a> {
    axis.field.clone().unwrap_or_else(|| Field::root(context))
}
