// What the ledger's tests share: a folder that goes away, random rows, and the slow way to add them up.
// Thread rule: tests.
#pragma once

#include <stdlib.h>  // mkdtemp

#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>

#include "base/log.h"
#include "store/ledger.h"
#include "store/ledger_row.h"
#include "store/ledger_schema.h"

namespace weir::store::testing {

class TempFolder {
  public:
    TempFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "weir_ledger_XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = name;
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder() { std::filesystem::remove_all(path_); }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

inline std::unique_ptr<SqliteLedger> open_ledger(const SqliteLedger::Options& options) {
    auto ledger = SqliteLedger::open(options);
    if (!ledger) throw std::runtime_error(ledger.error().message);
    return std::move(*ledger);
}

inline std::unique_ptr<SqliteLedger> open_ledger(const std::string& folder) {
    SqliteLedger::Options options;
    options.folder = folder;
    return open_ledger(options);
}

// Makes a closed ledger one of an older version, 1 to 4, as that had been folded: its rollups are gone.
inline void make_older(const std::string& folder, int version, const std::string& more = "") {
    auto database = Database::open(ledger_path(folder), Database::Access::read_write_create);
    if (!database) throw std::runtime_error(database.error().message);
    std::string sql =
        "DROP TABLE sheets; DROP TABLE closed; DROP TABLE longest; CREATE TABLE minutes (minute INTEGER PRIMARY KEY);";
    if (version < 4) sql += "DROP TABLE backfill;";
    if (version == 4) sql += "CREATE TABLE rollups (detail INTEGER PRIMARY KEY);";
    sql += "PRAGMA user_version = " + std::to_string(version) + ";" + more;
    if (auto done = database->execute(sql.c_str()); !done) throw std::runtime_error(done.error().message);
}

// What is logged while it lives.
class Log {
  public:
    Log() {
        lines().clear();
        set_log_sink([](LogLevel level, std::string_view message) {
            lines() += level == LogLevel::warning ? "warning: " : level == LogLevel::error ? "error: " : "";
            lines() += std::string(message) + "\n";
        });
    }
    ~Log() { set_log_sink(nullptr); }
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    const std::string& text() const { return lines(); }

  private:
    static std::string& lines() {
        static std::string kept;
        return kept;
    }
};

class RandomRows {
  public:
    explicit RandomRows(std::uint64_t seed) : random_(seed) {}

    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    bool chance(std::uint64_t one_in) { return below(one_in) == 0; }
    // Small numbers as often as large ones.
    std::int64_t magnitude(unsigned bits) { return static_cast<std::int64_t>(random_() >> (64 - 1 - below(bits))); }

    Attempt attempt() {
        Attempt a;
        a.tier = static_cast<TierKind>(below(5));
        a.outcome = static_cast<Outcome>(below(6));
        a.status = chance(2) ? 200 : static_cast<std::uint16_t>(below(chance(2) ? 1 : 600));
        a.model = chance(3) ? kNoName : static_cast<NameId>(magnitude(32));
        if (!chance(3)) {
            a.input_uncached = static_cast<std::int32_t>(magnitude(31));
            a.input_cached = chance(2) ? 0 : static_cast<std::int32_t>(magnitude(20));
            a.input_cache_write = chance(4) ? static_cast<std::int32_t>(magnitude(20)) : 0;
            a.output = static_cast<std::int32_t>(magnitude(20));
            a.reasoning = chance(4) ? static_cast<std::int32_t>(magnitude(20)) : 0;
            a.input_cache_write_1h = chance(8) ? static_cast<std::int32_t>(magnitude(20)) : 0;
        }
        if (chance(8)) a.web_searches = static_cast<std::uint16_t>(magnitude(16));
        if (chance(8)) a.other_pieces = static_cast<std::uint16_t>(magnitude(16));
        if (chance(8)) a.service_tier = static_cast<wire::ServiceTier>(below(wire::kServiceTiers));
        a.cost_stated = chance(6);
        a.listed = a.cost_stated && chance(2);
        if (a.listed) a.list_cost = Usd{magnitude(40)};
        a.usage_estimated = chance(4);
        a.priced = !chance(4);
        a.cost = Usd{a.priced ? magnitude(40) : 0};
        a.latency_micros = static_cast<std::int32_t>(magnitude(31));
        if (chance(2)) a.evidence = -static_cast<float>(below(1000)) / 64.0F;
        return a;
    }

    // Its numbers are such that the ledger keeps them exactly.
    Step step(std::size_t attempts) {
        Step s{};
        s.reason = Reason::of(static_cast<Said>(below(80)), chance(3) ? static_cast<std::uint8_t>(below(256)) : 0);
        if (chance(2)) s.reason = s.reason.scored(-static_cast<double>(below(1000)) / 64);
        if (chance(3)) s.reason = s.reason.needing(static_cast<double>(below(1000)) / 64);
        if (chance(3)) s.reason = s.reason.risking(static_cast<double>(below(1000)) / 1024);
        if (chance(4)) s.reason = s.reason.counting(static_cast<std::uint16_t>(magnitude(16)), 7);
        s.verdict = static_cast<StepVerdict>(below(kStepVerdicts));
        s.own = attempts == 0 || chance(2);
        s.attempt = static_cast<std::uint8_t>(below(s.own ? attempts + 1 : attempts));
        if (!s.own) return s;
        s.who = chance(3) ? Step::kNobody : static_cast<std::uint8_t>(below(5));
        if (s.who >= 2 && s.who != Step::kNobody) s.model = static_cast<NameId>(magnitude(32));
        return s;
    }

    // All fields random, within the limits of the ledger. Few tasks, tenants and models, so that groups are shared.
    LedgerRow row(RequestId id) {
        LedgerRow row;
        row.id = id;
        row.started_unix_micros = unix_micros_of(id) + static_cast<Micros>(below(2000)) - (chance(9) ? 90'000'000 : 0);
        row.latency_micros = static_cast<std::int32_t>(magnitude(31));
        row.overhead_micros = static_cast<std::int32_t>(magnitude(20));
        row.status = chance(5) ? static_cast<std::uint16_t>(400 + below(104)) : 200;
        row.mode = static_cast<Mode>(below(4));
        row.prompt_class = static_cast<PromptClass>(below(4));
        row.streamed = chance(2);
        row.complete = chance(2);
        row.tenant = static_cast<NameId>(below(4));
        row.cascade = static_cast<NameId>(below(3));
        row.reference = static_cast<NameId>(below(4));
        row.served_model = static_cast<NameId>(below(4));
        row.task = chance(5) ? 0 : (1 + below(6)) * 0x9E37'79B9'7F4A'7C15U;
        if (!chance(6)) row.tier = static_cast<TierKind>(below(5));
        if (chance(3)) row.would_have = static_cast<TierKind>(below(5));
        row.attempt_count = static_cast<std::uint8_t>(below(kMaxAttempts + 1));
        for (std::size_t i = 0; i < row.attempt_count; ++i) {
            row.attempts[i] = attempt();
            row.cost += row.attempts[i].cost;
        }
        row.cost_complete = !chance(5);
        row.counterfactual_how = static_cast<Counterfactual>(below(4));
        row.counterfactual = Usd{magnitude(chance(20) ? 53 : 36)};
        const std::size_t steps = chance(2) ? 0 : below(kMostSteps + 1);
        for (std::size_t i = 0; i < steps; ++i) row.add_step(step(row.attempt_count));
        return row;
    }

  private:
    std::mt19937_64 random_;
};

// Every field, the attempts and steps in use among them.
inline bool same(const LedgerRow& a, const LedgerRow& b) {
    const auto same_attempt = [](const Attempt& x, const Attempt& y) {
        return x.tier == y.tier && x.outcome == y.outcome && x.status == y.status && x.model == y.model &&
               x.input_uncached == y.input_uncached && x.input_cached == y.input_cached &&
               x.input_cache_write == y.input_cache_write && x.output == y.output && x.reasoning == y.reasoning &&
               x.usage_estimated == y.usage_estimated && x.priced == y.priced && x.cost == y.cost &&
               x.latency_micros == y.latency_micros && x.evidence == y.evidence &&
               x.input_cache_write_1h == y.input_cache_write_1h && x.web_searches == y.web_searches &&
               x.other_pieces == y.other_pieces && x.service_tier == y.service_tier && x.cost_stated == y.cost_stated &&
               x.listed == y.listed && x.list_cost == y.list_cost;
    };
    const auto same_step = [](const Step& x, const Step& y) {
        const Reason &r = x.reason, &s = y.reason;
        return r.said == s.said && r.detail == s.detail && r.has == s.has && r.one == s.one && r.other == s.other &&
               r.score == s.score && r.needed == s.needed && r.risk == s.risk && x.verdict == y.verdict &&
               x.own == y.own && x.attempt == y.attempt && x.who == y.who && x.model == y.model;
    };
    if (a.attempt_count != b.attempt_count || a.step_count != b.step_count) return false;
    for (std::size_t i = 0; i < a.step_count; ++i) {
        if (!same_step(a.steps[i], b.steps[i])) return false;
    }
    for (std::size_t i = 0; i < a.attempt_count; ++i) {
        if (!same_attempt(a.attempts[i], b.attempts[i])) return false;
    }
    return a.id == b.id && a.started_unix_micros == b.started_unix_micros && a.latency_micros == b.latency_micros &&
           a.overhead_micros == b.overhead_micros && a.status == b.status && a.mode == b.mode &&
           a.prompt_class == b.prompt_class && a.streamed == b.streamed && a.complete == b.complete &&
           a.tenant == b.tenant && a.cascade == b.cascade && a.reference == b.reference &&
           a.served_model == b.served_model && a.task == b.task && a.tier == b.tier && a.would_have == b.would_have &&
           a.cost == b.cost && a.cost_complete == b.cost_complete && a.counterfactual == b.counterfactual &&
           a.counterfactual_how == b.counterfactual_how;
}

}  // namespace weir::store::testing
