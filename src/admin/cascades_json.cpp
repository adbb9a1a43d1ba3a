#include <cstdio>
#include <unordered_map>

#include "admin/admin_handler.h"
#include "base/hash.h"
#include "json/scan.h"
#include "learn/certificates.h"

namespace weir::admin {
namespace {

using View = cascade::CascadeLearner::View;

std::string real(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    return text;
}

// Of the reference's second answers, the share that counts as worse, with an interval.
void write_repeats(std::uint64_t asked, std::uint64_t worse, double confidence, std::string& out) {
    if (asked == 0) return;
    const double alpha = (1 - confidence) / 2;
    out += R"(,"reference_repeats":{"asked":)" + std::to_string(asked) + R"(,"worse":)" + std::to_string(worse) +
           R"(,"share_low":)" + real(learn::share_lower_bound(worse, asked, alpha)) + R"(,"share_high":)" +
           real(learn::share_upper_bound(worse, asked, alpha)) + "}";
}

// How the task's answers are compared, and how far the reference agrees with itself: no tier can be seen to do better.
void write_agreement(const gateway::AgreementBook::View& seen, double confidence, std::string& out) {
    out += R"(,"agreement":{"set":")" + std::string(cascade::to_string(seen.form)) + R"(","commonest":)";
    json::write_string(seen.commonest(), out);
    out += R"(,"by":{)";
    bool first = true;
    for (const auto& [how, counts] : seen.by) {
        if (!first) out += ',';
        first = false;
        json::write_string(how, out);
        out += R"(:{"agree":)" + std::to_string(counts.agree) + R"(,"differ":)" + std::to_string(counts.differ) +
               R"(,"undecided":)" + std::to_string(counts.undecided) + "}";
    }
    out += "}";
    write_repeats(seen.repeats, seen.repeats_worse, confidence, out);
    out += "}";
}

using Agreements = std::unordered_map<std::uint64_t, const gateway::AgreementBook::View*>;

void write_task(const View::Task& task, const View& view, const std::vector<std::string>& tiers,
                const Agreements& agreements, std::string& out) {
    out += R"({"task":")" + to_hex(task.task) + R"(","trials":)" + std::to_string(task.trials) + R"(,"state":")";
    out += task.state;
    out += R"(","ladder":[)";
    for (std::size_t rung = 0; rung < task.plan.rungs; ++rung) {
        const std::size_t tier = task.plan.ladder[rung];
        if (rung > 0) out += ',';
        json::write_string(tier < tiers.size() ? tiers[tier] : std::to_string(tier), out);
    }
    out += R"(],"reference_usd":)" + real(task.plan.reference_usd) + R"(,"served_known_worse":)" +
           real(task.worse_seen) + R"(,"share":)" + real(task.share) + R"(,"complaints":)" +
           std::to_string(task.complaints);
    const auto seen = agreements.find(task.task);
    if (seen != agreements.end()) write_agreement(*seen->second, view.options.confidence, out);
    out += "}";
}

// Money is exact: decimal dollars as strings.
void write_proof(const cascade::ProofBudget::View& proof, std::string& out) {
    out += R"({"spent_usd_last_day":")" + to_decimal(proof.spent) + R"(","under_way_usd":")" +
           to_decimal(proof.under_way) + R"(","cap_usd":)" +
           (proof.cap ? "\"" + to_decimal(*proof.cap) + "\"" : "null") + R"(,"reference_usd_last_day":")" +
           to_decimal(proof.traffic) + R"(","share":)" + real(proof.share) + R"(,"blind":)" +
           (proof.blind ? "true" : "false") + R"(,"refused":)" + std::to_string(proof.refused) + "}";
}

}  // namespace

std::string render_cascades(const std::vector<View>& views,
                            const std::vector<gateway::AgreementBook::View>& agreements) {
    Agreements by_task;
    for (const gateway::AgreementBook::View& each : agreements) by_task.emplace(each.task, &each);
    std::string out = R"({"cascades":[)";
    for (const View& view : views) {
        if (out.back() != '[') out += ',';
        const cascade::PolicyLearner::Certificate& proof = view.certificate;
        out += R"({"name":)";
        json::write_string(view.name, out);
        out += R"(,"promise":)" + real(view.options.promise) + R"(,"held_to":)" + real(view.held_to) +
               R"(,"confidence":)" + real(view.options.confidence) + R"(,"serving":)" +
               (proof.harm_price_usd ? "true" : "false") + R"(,"certificate":{"occasion":)" +
               std::to_string(proof.occasion) + R"(,"trials":)" + std::to_string(proof.trials) + R"(,"known":)" +
               std::to_string(proof.known) + R"(,"allowed_now":)" + real(proof.promise_now) + R"(,"worse_seen":)" +
               real(proof.worse_seen) + R"(,"worse_at_most":)" + real(proof.worse_bound) +
               R"(,"worse_so_far_at_most":)" + real(proof.worse_so_far) + R"(,"harm_price_usd":)" +
               (proof.harm_price_usd ? real(*proof.harm_price_usd) : "null") + R"(},"alarms":{"cascade":)" +
               std::to_string(view.alarms.cascade) + R"(,"task":)" + std::to_string(view.alarms.task) +
               R"(,"inputs":)" + std::to_string(view.alarms.inputs) + R"(},"proof":)";
        write_proof(view.proof, out);
        std::uint64_t repeats = 0, repeats_worse = 0;
        for (const View::Task& task : view.tasks) {
            const auto seen = by_task.find(task.task);
            if (seen == by_task.end()) continue;
            repeats += seen->second->repeats;
            repeats_worse += seen->second->repeats_worse;
        }
        write_repeats(repeats, repeats_worse, view.options.confidence, out);
        out += R"(,"tasks":[)";
        const auto name = cascade::parse_course_name(view.name);
        const std::vector<std::string> tiers = name ? name->tiers : std::vector<std::string>();
        for (const View::Task& task : view.tasks) {
            if (out.back() != '[') out += ',';
            write_task(task, view, tiers, by_task, out);
        }
        out += "]}";
    }
    return out + "]}";
}

}  // namespace weir::admin
