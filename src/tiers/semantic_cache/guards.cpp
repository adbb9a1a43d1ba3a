#include "tiers/semantic_cache/guards.h"

#include <cstdio>

#include "tiers/semantic_cache/guards_judge.h"
#include "tiers/semantic_cache/guards_problem.h"

namespace weir::tiers::semantic {

GuardReport Judge::run() {
    count();
    report_.explained = left_a_.empty() && left_b_.empty() && report_.moved == 0 && sides_agree() &&
                        a_.past == b_.past && forms_agree();
    if (same_comparison()) {
        report_.explained = true;
        return report_;
    }
    judge();
    if (report_.refused()) report_.explained = false;
    if (!report_.explained && is_problem(a_) && is_problem(b_)) problem();
    return report_;
}

void Judge::count() {
    for (std::uint32_t i = 0; i < links_.a.size(); ++i) {
        switch (links_.a[i].link) {
            case Link::none:
                left_a_.push_back(i);
                break;
            case Link::in_order:
                ++report_.matched;
                break;
            case Link::moved:
                ++report_.moved;
                break;
            case Link::spelling:
                ++report_.spelling;
                break;
        }
        if (links_.a[i].link == Link::none && is_content(a_.terms[i])) ++report_.unexplained_cached;
    }
    for (std::uint32_t j = 0; j < links_.b.size(); ++j) {
        if (links_.b[j].link != Link::none) continue;
        left_b_.push_back(j);
        if (is_content(b_.terms[j])) ++report_.unexplained_asked;
    }
}

bool Judge::sides_agree() const {
    for (std::size_t i = 0; i < links_.a.size(); ++i) {
        const Linked& linked = links_.a[i];
        if (linked.link == Link::none || linked.link == Link::spelling) continue;
        if (a_.terms[i].is(term_opposite) != b_.terms[static_cast<std::size_t>(linked.other)].is(term_opposite))
            return false;
    }
    return true;
}

bool Judge::forms_agree() {
    constexpr std::uint16_t verbal = term_past | term_participle | term_gerund;
    const bool names_a_thing =
        a_.kind == QuestionKind::what || a_.kind == QuestionKind::who || a_.kind == QuestionKind::which;
    for (std::size_t i = 0; i < links_.a.size(); ++i) {
        const Linked& linked = links_.a[i];
        if (linked.link == Link::none) continue;
        const Term& x = a_.terms[i];
        const Term& y = b_.terms[static_cast<std::size_t>(linked.other)];
        const auto differ = static_cast<std::uint16_t>(x.flags ^ y.flags);
        if ((differ & (verbal | term_plural)) == 0) continue;
        ++report_.inflection;
        if ((x.is(term_quoted) || y.is(term_quoted)) && is_content(x)) return false;
        if (x.kind == TermKind::name && y.kind == TermKind::name) return false;
        if ((differ & (term_past | term_participle)) != 0) return false;
        if ((differ & term_gerund) != 0 && names_a_thing) return false;
    }
    return true;
}

bool Judge::same_comparison() const {
    const Comparison& x = a_.comparison;
    const Comparison& y = b_.comparison;
    if (x.measure == 0 || x.measure != y.measure || a_.past != b_.past) return false;
    const bool same_two =
        std::min(x.more, x.less) == std::min(y.more, y.less) && std::max(x.more, x.less) == std::max(y.more, y.less);
    if (!same_two || x.more == x.less) return false;
    if (x.which != y.which) return true;
    return x.which ? x.opposite == y.opposite : x.more == y.more;
}

void Judge::judge() {
    if (numbers() || dates() || codes() || quotations() || negations() || names() || opposites() || things() ||
        degrees() || pronouns() || modals() || times() || logic() || kinds() || scopes() || roles() || bounds() ||
        connectives() || obligations() || preventions() || voices() || additions() || words_told() || addressed() ||
        wanted() || focus() || places() || points() || neighbours() || antecedents()) {
        return;
    }
    minimal();
}

void Judge::problem() {
    if (compare_problems(a_, b_, links_).told_anew) {
        report_.explained_problem = true;
        report_.refusal = Refusal::none;
        report_.detail_text[0] = 0;
    } else if (!report_.refused()) {
        refuse(Refusal::problem, "problem", "told", "otherwise");
    }
}

bool Judge::refuse(Refusal refusal, std::string_view what, std::string_view one, std::string_view two) {
    report_.refusal = refusal;
    const auto cut = [](std::string_view word) { return static_cast<int>(std::min<std::size_t>(word.size(), 20)); };
    std::snprintf(report_.detail_text.data(), report_.detail_text.size(), "%.*s %.*s vs %.*s", cut(what), what.data(),
                  cut(one), one.data(), cut(two), two.data());
    return true;
}

std::string_view to_string(Refusal refusal) {
    switch (refusal) {
        case Refusal::none:
            return "none";
        case Refusal::too_long:
            return "too_long";
        case Refusal::language:
            return "language";
        case Refusal::numbers:
            return "numbers";
        case Refusal::units:
            return "units";
        case Refusal::dates:
            return "dates";
        case Refusal::versions:
            return "versions";
        case Refusal::code:
            return "code";
        case Refusal::quoted:
            return "quoted";
        case Refusal::negation:
            return "negation";
        case Refusal::name:
            return "name";
        case Refusal::antonym:
            return "antonym";
        case Refusal::degree:
            return "degree";
        case Refusal::direction:
            return "direction";
        case Refusal::time_order:
            return "time_order";
        case Refusal::coreference:
            return "coreference";
        case Refusal::roles:
            return "roles";
        case Refusal::order:
            return "order";
        case Refusal::logic:
            return "logic";
        case Refusal::modality:
            return "modality";
        case Refusal::question_kind:
            return "question_kind";
        case Refusal::word:
            return "word";
        case Refusal::condition:
            return "condition";
        case Refusal::problem:
            return "problem";
        case Refusal::kind:
            return "kind";
    }
    return "unknown";
}

GuardReport check_guards(const Question& cached, const Question& asked) {
    GuardReport report;
    if (cached.exact_id == asked.exact_id) {
        report.explained = true;
        return report;
    }
    if (cached.too_long || asked.too_long) {
        report.refusal = Refusal::too_long;
        return report;
    }
    if (cached.language != asked.language && cached.language != Language::unknown &&
        asked.language != Language::unknown) {
        report.refusal = Refusal::language;
        return report;
    }
    if (cached.terms.empty() || asked.terms.empty()) {
        report.explained = cached.terms.size() == asked.terms.size() && cached.folded_id == asked.folded_id;
        if (!report.explained) report.refusal = Refusal::condition;
        return report;
    }
    return Judge(cached, asked).run();
}

}  // namespace weir::tiers::semantic
