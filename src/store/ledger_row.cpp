#include "store/ledger_row.h"

#include <limits>

namespace weir::store {

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::served:
            return "served";
        case Outcome::declined:
            return "declined";
        case Outcome::failed:
            return "failed";
        case Outcome::timed_out:
            return "timed_out";
        case Outcome::canceled:
            return "canceled";
        case Outcome::observed:
            return "observed";
    }
    return "unknown";
}

std::string_view to_string(TierKind kind) {
    switch (kind) {
        case TierKind::exact:
            return "exact";
        case TierKind::semantic:
            return "semantic";
        case TierKind::student:
            return "student";
        case TierKind::model:
            return "model";
        case TierKind::reference:
            return "reference";
    }
    return "unknown";
}

std::string_view to_string(PromptClass of) {
    static constexpr std::array<std::string_view, kPromptClasses> kNames{"unknown", "simple", "moderate", "complex"};
    return kNames[static_cast<std::size_t>(of)];
}

std::string_view to_string(Mode mode) {
    switch (mode) {
        case Mode::off:
            return "off";
        case Mode::observe:
            return "observe";
        case Mode::shadow:
            return "shadow";
        case Mode::serve:
            return "serve";
    }
    return "unknown";
}

std::optional<Mode> parse_mode(std::string_view text) {
    for (const Mode mode : {Mode::off, Mode::observe, Mode::shadow, Mode::serve}) {
        if (text == to_string(mode)) return mode;
    }
    return std::nullopt;
}

std::string_view to_string(Purpose purpose) {
    switch (purpose) {
        case Purpose::request:
            return "request";
        case Purpose::audit:
            return "audit";
        case Purpose::refresh:
            return "refresh";
        case Purpose::judge:
            return "judge";
        case Purpose::trial:
            return "trial";
    }
    return "unknown";
}

std::string_view to_string(Counterfactual how) {
    switch (how) {
        case Counterfactual::unknown:
            return "unknown";
        case Counterfactual::measured:
            return "measured";
        case Counterfactual::replayed:
            return "replayed";
        case Counterfactual::repriced:
            return "repriced";
    }
    return "unknown";
}

Usd LedgerRow::saved() const {
    if (!cost_complete || counterfactual_how == Counterfactual::unknown) return Usd{};
    std::int64_t difference = 0;
    if (!__builtin_sub_overflow(counterfactual.nanos, cost.nanos, &difference)) return Usd{difference};
    return Usd{cost.nanos < 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min()};
}

}  // namespace weir::store
