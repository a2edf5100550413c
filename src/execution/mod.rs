//! What the market does with an order: triggers, fills, exits, sizing. Knows prices, not accounts.
