#include "limits/admission.h"

#include <algorithm>
#include <utility>

namespace weir::limits {
namespace {

constexpr std::int64_t kBytesPerToken = 4;
constexpr Micros kSecond = 1'000'000;
constexpr Micros kRetryParallel = kSecond;  // nobody knows when a request ends

std::string_view of_what(Limit limit) {
    switch (limit) {
        case Limit::requests:
            return "requests per minute";
        case Limit::tokens:
            return "tokens per minute";
        case Limit::parallel:
            return "requests at the same time";
    }
    return "";
}

}  // namespace

std::string_view to_string(Limit limit) {
    switch (limit) {
        case Limit::requests:
            return "requests";
        case Limit::tokens:
            return "tokens";
        case Limit::parallel:
            return "parallel";
    }
    return "";
}

std::string format_reset(Micros micros) {
    const std::int64_t millis = std::max<Micros>(0, micros + 999) / 1000;
    if (millis > 0 && millis < 1000) return std::to_string(millis) + "ms";
    const std::int64_t hours = millis / 3'600'000;
    const std::int64_t minutes = millis / 60'000 % 60;
    std::string out;
    if (hours > 0) out += std::to_string(hours) + "h";
    if (hours > 0 || minutes > 0) out += std::to_string(minutes) + "m";
    out += std::to_string(millis / 1000 % 60);
    if (std::int64_t rest = millis % 1000; rest > 0) {
        std::string digits = std::to_string(1000 + rest).substr(1);
        digits.erase(digits.find_last_not_of('0') + 1);
        out += "." + digits;
    }
    return out + "s";
}

std::string Refused::message(const Caller& caller) const {
    const std::string whose = of_tenant ? "tenant " + caller.tenant->name : "this key";
    return "Rate limit reached for " + whose + " on " + std::string(of_what(limit)) + ": limit " +
           std::to_string(most) + ". Try again in " + format_reset(retry_in) + ".";
}

std::optional<Refused> Admission::enter(Party& party, std::int64_t tokens, Micros now) {
    const Rates& rates = *party.rates;
    Refused refused;
    if (rates.parallel > 0) {
        party.runs = party.meter->begin(rates.parallel);
        if (!party.runs) {
            refused.limit = Limit::parallel;
            refused.most = rates.parallel;
            refused.retry_in = kRetryParallel;
            return refused;
        }
    }
    if (rates.requests_per_minute > 0) {
        refused.retry_in = party.meter->requests.take(rates.requests_per_minute, 1, now);
        refused.most = rates.requests_per_minute;
    }
    if (refused.retry_in == 0 && rates.tokens_per_minute > 0) {
        refused.retry_in = party.meter->tokens.take(rates.tokens_per_minute, tokens, now);
        if (refused.retry_in == 0) {
            party.charged = tokens;
        } else {
            refused.limit = Limit::tokens;
            refused.most = rates.tokens_per_minute;
            if (rates.requests_per_minute > 0) party.meter->requests.settle(rates.requests_per_minute, 1, 0);
        }
    }
    if (refused.retry_in == 0) return std::nullopt;
    if (party.runs) party.meter->end();
    party.runs = false;
    return refused;
}

// As if it had never entered.
void Admission::leave(Party& party) {
    if (std::exchange(party.runs, false)) party.meter->end();
    if (party.rates->requests_per_minute > 0) {
        party.meter->requests.settle(party.rates->requests_per_minute, 1, 0);
    }
    if (party.rates->tokens_per_minute > 0) {
        party.meter->tokens.settle(party.rates->tokens_per_minute, party.charged, 0);
    }
}

std::optional<Refused> Admission::admit(const Caller& caller, std::size_t request_bytes, Micros now) {
    if (caller.rates.any()) parties_[count_++] = {&caller.rates, caller.meter.get()};
    if (caller.tenant->rates.any()) parties_[count_++] = {&caller.tenant->rates, caller.tenant->meter.get()};
    if (count_ == 0) return std::nullopt;
    const std::int64_t tokens =
        static_cast<std::int64_t>(request_bytes) / kBytesPerToken + parties_[0].meter->usual_answer();
    for (std::size_t i = 0; i < count_; ++i) {
        refused_ = enter(parties_[i], tokens, now);
        if (!refused_) continue;
        refused_->of_tenant = parties_[i].rates == &caller.tenant->rates;
        for (std::size_t before = 0; before < i; ++before) leave(parties_[before]);
        return refused_;
    }
    settled_ = false;
    return std::nullopt;
}

void Admission::free() {
    for (Party& party : parties_) {
        if (std::exchange(party.runs, false)) party.meter->end();
    }
}

void Admission::settle(std::optional<Tokens> used, Tokens answer) {
    free();
    if (std::exchange(settled_, true)) return;
    for (std::size_t i = 0; i < count_; ++i) {
        Party& party = parties_[i];
        if (used && party.rates->tokens_per_minute > 0) {
            party.meter->tokens.settle(party.rates->tokens_per_minute, party.charged, *used);
        }
        if (answer > 0) party.meter->answered(answer);
    }
}

template <class Rate, class BucketOf>
void Admission::append_one(std::string_view name, Rate rate, BucketOf bucket, Micros now, std::string& lines) const {
    const Party* least = nullptr;
    Bucket::Level shown;
    for (std::size_t i = 0; i < count_; ++i) {
        const Party& party = parties_[i];
        if (party.rates->*rate == 0) continue;
        const Bucket::Level level = (party.meter->*bucket).level(party.rates->*rate, now);
        if (least != nullptr && level.remaining >= shown.remaining) continue;
        least = &party;
        shown = level;
    }
    if (least == nullptr) return;
    const auto line = [&](std::string_view what, const std::string& value) {
        lines.append("x-ratelimit-").append(what).append("-").append(name).append(": ").append(value).append("\r\n");
    };
    line("limit", std::to_string(least->rates->*rate));
    line("remaining", std::to_string(shown.remaining));
    line("reset", format_reset(shown.full_in));
}

void Admission::append_headers(Micros now, std::string& lines) const {
    if (count_ == 0) return;
    append_one("requests", &Rates::requests_per_minute, &Meter::requests, now, lines);
    append_one("tokens", &Rates::tokens_per_minute, &Meter::tokens, now, lines);
    if (!refused_) return;
    const Micros wait = std::max<Micros>(refused_->retry_in, 1);
    lines += "retry-after: " + std::to_string((wait + kSecond - 1) / kSecond) + "\r\n";
    lines += "retry-after-ms: " + std::to_string((wait + 999) / 1000) + "\r\n";
}

}  // namespace weir::limits
