//! Long texts of the codes, for `omega-sweep explain CODE`.

/// Title and text of a code of the sweep file; `None` for a code this table does not hold.
pub fn text(code: &str) -> Option<(&'static str, &'static str)> {
    TEXTS
        .iter()
        .find(|(known, _, _)| known.eq_ignore_ascii_case(code))
        .map(|(_, title, text)| (*title, *text))
}

/// Every code of the sweep file, ascending.
pub fn codes() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().map(|(code, _, _)| *code)
}

const TEXTS: &[(&str, &str, &str)] = &[
    (
        "E100",
        "the text is not JSON",
        "A sweep file is strict JSON: keys and texts in double quotes, no trailing comma, no comment, no key twice in \
         one object, numbers that a 64-bit float can hold, at most 64 levels deep and 16 MiB long. A note is written \
         \"$comment\": \"...\" and may stand in every object. The value of --set is JSON too, so a text needs quotes \
         inside the quotes of the shell: --set name='\"quick\"'.",
    ),
    (
        "E101",
        "unknown key",
        "The object has no such key. Unknown keys are errors because a misspelt key would otherwise be a setting that \
         silently does nothing. The message names the closest known key; `omega-sweep schema` prints all of them.",
    ),
    (
        "E102",
        "wrong value",
        "The value has the wrong type, is missing, is not one of the allowed words, or lies outside the allowed \
         range. The message says what was found and what is allowed. Values of parameters must lie in the range the \
         strategy declares: `omega-sweep strategies NAME`.",
    ),
    (
        "E103",
        "empty range, or a step that does not fit",
        "A range needs `from` <= `to` and a `step` above zero; whole-number parameters need whole numbers; \
         logarithmic ranges start above zero and take `points`, not `step`. A choice needs at least one value. A \
         single value is written without a range: \"atr_length\": 14.",
    ),
    (
        "E104",
        "a grid over a continuous parameter",
        "A float range without `step` holds infinitely many values, so a grid cannot enumerate it. Give `step`, or \
         \"log\": true with `points`, or use a sampler such as \"sampler\": {\"kind\": \"random\", \"trials\": 1000}.",
    ),
    (
        "E105",
        "unknown parameter",
        "The strategy declares no parameter of this name. `omega-sweep strategies NAME` lists its parameters with \
         ranges and defaults. Settings of the engine are searched under \"engine.<key>\".",
    ),
    (
        "E110",
        "a constraint does not parse, or names an unknown parameter",
        "Constraints are comparisons of numbers, parameter names and texts in single quotes, with + - * / ( ), min, \
         max, abs, < <= > >= == !=, && || !. Example: \"slow >= 2*fast\". The condition `when` of a parameter must \
         name a parameter that is declared before it.",
    ),
    (
        "E111",
        "no feasible combination",
        "Every combination of the parameters violates a constraint. Relax a constraint or widen a range.",
    ),
    (
        "E112",
        "too tight for random sampling",
        "Random points are redrawn when a constraint excludes them or, with `distinct`, when the set was drawn \
         before. 10,000 draws in a row gave nothing new. The message names the constraint that passes least often. \
         Narrow the ranges to where it holds, lower `trials`, or use a grid.",
    ),
    (
        "E120",
        "unknown metric",
        "There is no metric of this name. `omega-sweep metrics` lists all of them with their formulas.",
    ),
    (
        "E121",
        "scale `rank` with a sampler or pruning that learns",
        "The scale `rank` depends on all trials of the study and is known only at its end, so a sampler that learns \
         from results, and pruning that compares trials, cannot use it. Use `squash` or {\"linear\": [low, high]}.",
    ),
    (
        "E130",
        "the grid is larger than the budget",
        "The product of the value counts exceeds `budget.max_trials`, or cannot be counted in 64 bits. Use larger \
         steps, fewer parameters, a sampler with `trials`, or raise the budget.",
    ),
    (
        "E140",
        "not built yet",
        "The sweep file is right, but this version of the program cannot do what it asks for. The message names the \
         feature and what to use instead; nothing was run.",
    ),
    (
        "E150",
        "the data are shorter than the first walk-forward window",
        "Training range, purge and one test range must fit between `from` and the hold-out. Shorten `train`, move \
         `from` back, or make the hold-out smaller.",
    ),
    (
        "E160",
        "an expression of a rule strategy does not parse",
        "Rules are expressions such as \"crosses_above(ema(close, fast), ema(close, slow))\". The message says at \
         which character reading stopped and what is missing.",
    ),
    (
        "E161",
        "an expression of a rule strategy has the wrong type",
        "`long`, `short`, `exit_long` and `exit_short` are true or false; stops, targets and distances are numbers; \
         comparisons and arithmetic need numbers.",
    ),
    (
        "E162",
        "an unknown name or function in a rule strategy",
        "A name is a series (open, high, low, close, ask_open, ...), a function, a name of `let`, or a parameter that \
         stands in `parameters` or `base`.",
    ),
    (
        "W103",
        "the end of a range is not reached",
        "`to` does not lie on a step counted from `from`, so the last value is smaller. The last value is named.",
    ),
    (
        "W120",
        "no requirement on the number of trades",
        "Without a rule such as \"total_trades >= 100\" a parameter set with a handful of lucky trades can lead the \
         ranking.",
    ),
    (
        "W130",
        "a number of Sobol points that is not a power of two",
        "Sobol points fill the space evenly at powers of two: 256, 512, 1024, 2048, 4096, ...",
    ),
    (
        "W131",
        "values that cannot be told apart",
        "A sampler with more trials than there are combinations repeats some of them.",
    ),
    (
        "W150",
        "a purge shorter than the longest holding time",
        "Trades of the training range may still be open in the test range: `purge` should be at least the longest \
         holding time.",
    ),
];
