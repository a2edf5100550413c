//! Sequences of bookings with the state after each.

use omega_sweep::portfolio::ledger::r_multiple;
use omega_sweep::portfolio::{EquityExtremes, FeeKind, Ledger, Summary, equity_per_trade};
use omega_sweep::types::{CloseReason, Direction, OrderType, SymbolId, Timestamp, Trade, TradeCosts};
use serde_json::{Value, json};

use super::super::load;
use super::support::{direction, float, int, list, same, text};

/// An open position of the sequence: the trade it will become.
struct Open {
    id: u64,
    trade: Trade,
}

struct Account {
    ledger: Ledger,
    equity: f64,
    extremes: EquityExtremes,
    open: Vec<Open>,
    expired: Vec<u64>,
    curve: Vec<(i64, f64)>,
    fees: Vec<Value>,
}

fn entry(op: &Value) -> Open {
    let time = Timestamp(int(&op["t_us"]));
    let (stop, target) = (op["stop_loss"].as_f64(), op["take_profit"].as_f64());
    let id = op["id"].as_u64().expect("an id");
    let trade = Trade {
        number: u32::try_from(id).expect("a small id"),
        symbol: SymbolId(0),
        direction: direction(&op["direction"]),
        order_type: OrderType::Market,
        entry_time: time,
        trigger_time: time,
        exit_time: time,
        entry_price: float(&op["entry_price"]),
        exit_price: 0.0,
        initial_stop_loss: stop,
        stop_loss: stop,
        initial_take_profit: target,
        take_profit: target,
        size: float(&op["size"]),
        risk_per_trade: float(&op["risk_per_trade"]),
        result: 0.0,
        r_multiple: None,
        entry_fee: 0.0,
        exit_fee: 0.0,
        swap: 0.0,
        reason: CloseReason::StopLoss,
        scenario: None,
        magic_number: 0,
        ambiguous: false,
        costs: TradeCosts::default(),
    };
    Open { id, trade }
}

fn reason(value: &Value) -> CloseReason {
    [
        CloseReason::StopLoss,
        CloseReason::TakeProfit,
        CloseReason::BreakEvenStopLoss,
        CloseReason::Timeout,
        CloseReason::PartialExit,
    ]
    .into_iter()
    .find(|reason| reason.as_str() == text(value))
    .unwrap_or_else(|| panic!("reason {value}"))
}

impl Account {
    fn apply(&mut self, op: &Value) {
        let place = |account: &Self| {
            let id = op["id"].as_u64();
            account.open.iter().position(|open| Some(open.id) == id).expect("an open position")
        };
        match text(&op["op"]) {
            "entry" => self.open.push(entry(op)),
            "fee" => {
                let at = place(self);
                let amount = float(&op["amount"]);
                let entry = text(&op["kind"]) == FeeKind::Entry.as_str();
                if self.ledger.book_fee(amount) {
                    let trade = &mut self.open[at].trade;
                    *(if entry { &mut trade.entry_fee } else { &mut trade.exit_fee }) += amount;
                    self.equity = self.ledger.cash();
                    self.fees.push(json!([op["t_us"], op["kind"], "EURUSD", trade.size, amount]));
                }
            }
            "close" => {
                let mut trade = self.open.remove(place(self)).trade;
                trade.exit_time = Timestamp(int(&op["t_us"]));
                trade.exit_price = float(&op["price"]);
                trade.reason = reason(&op["reason"]);
                let movement = match trade.direction {
                    Direction::Long => trade.exit_price - trade.entry_price,
                    Direction::Short => trade.entry_price - trade.exit_price,
                };
                let r = r_multiple(movement, trade.entry_price, trade.initial_stop_loss.expect("a stop"));
                trade.r_multiple = Some(r);
                trade.result = r * trade.risk_per_trade;
                self.ledger.book_trade(&trade);
                self.equity = self.ledger.cash();
            }
            "expire_pending" => {
                let open = self.open.remove(place(self));
                self.expired.push(open.id);
            }
            "update" => {
                let time = int(&op["t_us"]);
                self.equity = self.ledger.cash();
                if self.curve.last().is_some_and(|last| last.0 == time) {
                    self.curve.pop();
                }
                self.curve.push((time, self.equity));
                self.extremes.update(self.equity);
            }
            other => panic!("unknown operation {other}"),
        }
    }
}

fn same_trades(id: &str, got: &[&Trade], want: &Value) {
    assert_eq!(got.len(), list(want).len(), "{id}");
    for (trade, want) in got.iter().zip(list(want)) {
        assert_eq!(want["signal"], trade.number, "{id}");
        assert_eq!(text(&want["reason"]), trade.reason.as_str(), "{id}");
        assert_eq!(want["exit_time_us"], trade.exit_time.0, "{id}");
        for (key, got) in [
            ("result", trade.result),
            ("r_multiple", trade.r_multiple.expect("an R")),
            ("entry_fee", trade.entry_fee),
            ("exit_fee", trade.exit_fee),
            ("exit_price", trade.exit_price),
        ] {
            same(&format!("{id} {key}"), got, &want[key]);
        }
    }
}

#[test]
fn bookings_give_the_states_of_the_reference() {
    for case in list(&load("execution", "portfolio.json")["cases"]) {
        let (id, given, want) = (text(&case["id"]), &case["inputs"], &case["expected"]);
        let initial = float(&given["initial_balance"]);
        let mut account = Account {
            ledger: Ledger::new(initial),
            equity: initial,
            extremes: EquityExtremes::new(initial),
            open: Vec::new(),
            expired: Vec::new(),
            curve: Vec::new(),
            fees: Vec::new(),
        };
        for (number, (op, state)) in list(&given["ops"]).iter().zip(list(&want["states"])).enumerate() {
            account.apply(op);
            let at = |key: &str| format!("{id} after operation {number}: {key}");
            same(&at("cash"), account.ledger.cash(), &state["cash"]);
            same(&at("equity"), account.equity, &state["equity"]);
            same(&at("max_equity"), account.extremes.max_equity, &state["max_equity"]);
            same(&at("max_drawdown"), account.extremes.max_drawdown, &state["max_drawdown"]);
            same(&at("initial"), account.extremes.initial_max_drawdown, &state["initial_max_drawdown"]);
            let open: Vec<u64> = account.open.iter().map(|open| open.id).collect();
            assert_eq!(state["open"], json!(open), "{id}: open after operation {number}");
        }
        check_end(id, &account, given, want);
    }
}

fn check_end(id: &str, account: &Account, given: &Value, want: &Value) {
    let trades = account.ledger.trades();
    let of = |partial: bool| -> Vec<&Trade> {
        trades.iter().filter(|trade| (trade.reason == CloseReason::PartialExit) == partial).collect()
    };
    same_trades(id, &of(false), &want["closed"]);
    same_trades(id, &of(true), &want["partial"]);
    assert_eq!(want["expired"], json!(account.expired), "{id}");
    assert_eq!(want["fees_log"], Value::Array(account.fees.clone()), "{id}: fee log");
    same(id, account.ledger.total_fees(), &want["total_fees"]);
    let curve: Vec<Value> = account.curve.iter().map(|point| json!([point.0, point.1])).collect();
    assert_eq!(want["equity_per_bar"], Value::Array(curve), "{id}: curve per bar");
    let first = list(&given["ops"]).iter().find(|op| op["op"] == "update").expect("an update");
    let per_trade =
        equity_per_trade(Timestamp(int(&first["t_us"])), account.ledger.initial_balance(), trades);
    for (got, want) in per_trade.iter().zip(list(&want["equity_per_trade"])) {
        assert_eq!(want[0], got.time.0, "{id}: curve per trade");
        same(id, got.equity, &want[1]);
    }
    let summary = Summary::new(&account.ledger, account.equity, &account.extremes);
    for (key, got) in [
        ("Final Balance", summary.final_balance),
        ("Equity", summary.equity),
        ("Total Lots", summary.total_lots),
        ("Total Trades", summary.total_trades as f64),
        ("Expired Orders", account.expired.len() as f64),
        ("Partial Closed Orders", summary.partial_closed_orders as f64),
        ("Orders closed at Break Even", summary.closed_at_break_even as f64),
        ("Avg R-Multiple", summary.avg_r_multiple),
        ("Winrate", summary.winrate),
        ("Wins", summary.wins as f64),
        ("Losses", summary.losses as f64),
    ] {
        same(&format!("{id}: {key}"), got, &want["summary"][key]);
    }
}
