#include "eval/replay_log.h"

#include <algorithm>

#include "store/ledger_reader.h"

namespace weir::eval {
namespace {

using store::LedgerRow;
using store::TierKind;

// How long models take and what they charge, whoever asked them.
void add_attempts(const store::NamedRow& named, std::map<std::string, ModelTimes>& models) {
    for (std::size_t i = 0; i < named.row.attempt_count; ++i) {
        const store::Attempt& attempt = named.row.attempts[i];
        const bool answered = attempt.outcome == store::Outcome::served ||
                              attempt.outcome == store::Outcome::declined ||
                              attempt.outcome == store::Outcome::observed;
        const std::string_view name = named.name(attempt.model);
        if (name.empty() || !answered || !attempt.priced) continue;
        ModelTimes& model = models[std::string(name)];
        const auto micros = static_cast<double>(attempt.latency_micros);
        ++model.answers;
        model.sum_micros += micros;
        model.squares += micros * micros;
        model.tokens.input_uncached += attempt.input_uncached;
        model.tokens.input_cached += attempt.input_cached;
        model.tokens.input_cache_write += attempt.input_cache_write;
        model.tokens.input_cache_write_1h += attempt.input_cache_write_1h;
        model.tokens.web_searches += attempt.web_searches;
        model.tokens.longest_prompt = 1;  // the sum of many prompts is no long prompt
        model.tokens.output += attempt.output;
        model.usd += to_dollars(attempt.cost);
    }
}

void add_request(const LedgerRow& row, ReplayReference& reference) {
    ++reference.requests;
    if (!row.cost_complete || row.counterfactual_how == store::Counterfactual::unknown) {
        ++reference.unpriced;
        return;
    }
    const auto found = reference.tasks.find(row.task);
    const bool full = found == reference.tasks.end() && reference.tasks.size() >= kMostReplayTasks;
    ReplayTask& task = reference.tasks[full ? 0 : row.task];
    const double price = to_dollars(row.counterfactual);
    ++task.requests;
    task.reference_usd += price;
    const auto count = [price](std::uint64_t& requests, double& sum) {
        ++requests;
        sum += price;
    };
    if (row.tier == TierKind::exact) count(task.exact, task.exact_usd);
    if (row.tier == TierKind::semantic) count(task.semantic, task.semantic_usd);
    if (row.would_have == TierKind::exact) count(task.would_be_exact, task.would_be_exact_usd);
    if (row.would_have == TierKind::semantic) count(task.would_be_semantic, task.would_be_semantic_usd);
    reference.spent_usd += to_dollars(row.cost);
    reference.latency_micros += static_cast<double>(row.latency_micros);
    if (row.tier == TierKind::exact || row.tier == TierKind::semantic) {
        ++reference.cached;
        reference.cache_micros += static_cast<double>(row.latency_micros);
    }
    for (std::size_t i = 0; i < row.attempt_count; ++i) {
        reference.looked_up_exact += row.attempts[i].tier == TierKind::exact;
        reference.looked_up_semantic += row.attempts[i].tier == TierKind::semantic;
    }
}

}  // namespace

Result<ReplayLog> read_replay_log(const std::string& folder, Micros since_unix_micros, Micros until_unix_micros) {
    ReplayLog log;
    std::map<std::string, ReplayReference, std::less<>> references;
    const auto take = [&](const store::NamedRow& named) {
        ++log.rows;
        add_attempts(named, log.models);
        const std::string_view name = named.name(named.row.reference);
        if (name.empty()) return;
        ReplayReference& reference = references.try_emplace(std::string(name)).first->second;
        switch (named.row.purpose) {
            case store::Purpose::request:
                if (named.row.status < 400 && named.row.tier) add_request(named.row, reference);
                return;
            case store::Purpose::judge:
                reference.judge_usd += to_dollars(named.row.cost);
                return;
            case store::Purpose::audit:
            case store::Purpose::refresh:
            case store::Purpose::trial:
                reference.proof_usd += to_dollars(named.row.cost);
                return;
        }
    };
    if (const auto read = store::for_each_ledger_row(folder, since_unix_micros, until_unix_micros, take); !read) {
        return tl::unexpected(read.error());
    }
    for (auto& [name, reference] : references) {
        reference.name = name;
        if (reference.requests > 0) log.references.push_back(std::move(reference));
    }
    const auto baseline = [](const ReplayReference& reference) {
        double sum = 0;
        for (const auto& [number, task] : reference.tasks) sum += task.reference_usd;
        return sum;
    };
    std::stable_sort(log.references.begin(), log.references.end(),
                     [&](const auto& a, const auto& b) { return baseline(a) > baseline(b); });

    auto courses = cascade::read_courses(folder + "/trials");
    if (!courses && courses.error().code != ErrorCode::not_found) return tl::unexpected(courses.error());
    if (courses) {
        std::erase_if(*courses, [](const cascade::RecordedCourse& course) { return course.name.empty(); });
        log.courses = std::move(*courses);
    }
    return log;
}

}  // namespace weir::eval
