-- Version 1. A projection of the journal: every row can be made again from it. Money 1e-8 quote, sizes lots, prices ticks,
-- times ns since the epoch. Fills are keyed by trade id, so a replayed report cannot count twice (S3-75).
CREATE TABLE IF NOT EXISTS orders (
    session TEXT NOT NULL, cl_id INTEGER NOT NULL, venue TEXT NOT NULL, account TEXT NOT NULL, symbol TEXT NOT NULL,
    strategy TEXT NOT NULL, side TEXT NOT NULL, px INTEGER NOT NULL, qty INTEGER NOT NULL, filled INTEGER NOT NULL,
    key INTEGER NOT NULL, flags INTEGER NOT NULL, state TEXT NOT NULL, code INTEGER NOT NULL,
    ts_sent INTEGER NOT NULL, ts_acked INTEGER NOT NULL, ts_ended INTEGER NOT NULL,
    PRIMARY KEY (session, cl_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS orders_by_time ON orders (ts_sent);
CREATE TABLE IF NOT EXISTS fills (
    venue TEXT NOT NULL, account TEXT NOT NULL, symbol TEXT NOT NULL, trade_id INTEGER NOT NULL, cl_id INTEGER NOT NULL,
    session TEXT NOT NULL, strategy TEXT NOT NULL, ts INTEGER NOT NULL, side TEXT NOT NULL, px INTEGER NOT NULL,
    qty INTEGER NOT NULL, fee INTEGER NOT NULL, maker INTEGER NOT NULL, why TEXT NOT NULL, slippage_bps REAL,
    PRIMARY KEY (venue, account, symbol, trade_id, cl_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fills_by_time ON fills (ts);
CREATE TABLE IF NOT EXISTS rejects (
    session TEXT NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL, ts INTEGER NOT NULL, origin TEXT NOT NULL,
    strategy TEXT NOT NULL, symbol TEXT NOT NULL, cl_id INTEGER NOT NULL, kind INTEGER NOT NULL, side TEXT NOT NULL,
    px INTEGER NOT NULL, qty INTEGER NOT NULL, code INTEGER NOT NULL, reason TEXT NOT NULL, value INTEGER NOT NULL,
    bound INTEGER NOT NULL,
    PRIMARY KEY (session, seq, n)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rounds (
    number INTEGER NOT NULL, started INTEGER NOT NULL, ended INTEGER, mode TEXT NOT NULL, verdict TEXT NOT NULL,
    net INTEGER, price INTEGER, fees INTEGER, funding INTEGER, fills INTEGER, report TEXT NOT NULL, journal TEXT NOT NULL,
    config_sha256 TEXT NOT NULL,
    PRIMARY KEY (number, started)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS balances (
    session TEXT NOT NULL, ts INTEGER NOT NULL, equity INTEGER NOT NULL, net INTEGER NOT NULL, transfers INTEGER NOT NULL,
    PRIMARY KEY (session, ts)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alerts (
    session TEXT NOT NULL, number INTEGER NOT NULL, ts INTEGER NOT NULL, level TEXT NOT NULL, code TEXT NOT NULL,
    text TEXT NOT NULL, strategy TEXT NOT NULL, acked INTEGER NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (session, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS signals (
    session TEXT NOT NULL, seq INTEGER NOT NULL, ts INTEGER NOT NULL, network TEXT NOT NULL, strategy TEXT NOT NULL,
    symbol TEXT NOT NULL, action TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (session, seq, strategy)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS daily_stats (
    day INTEGER NOT NULL, network TEXT NOT NULL, symbol TEXT NOT NULL, base_symbol TEXT NOT NULL, counter TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (day, network, symbol, base_symbol, counter)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit (
    session TEXT NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL, ts INTEGER NOT NULL, who TEXT NOT NULL,
    entity TEXT NOT NULL, action TEXT NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (session, seq, n)
) WITHOUT ROWID;
