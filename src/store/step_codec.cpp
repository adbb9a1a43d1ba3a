#include "store/step_codec.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace weir::store {
namespace {

// Second byte: verdict (3 bits), then:
constexpr unsigned kVerdictMask = 0x7;
constexpr unsigned kOwn = 1U << 3;
constexpr unsigned kDetail = 1U << 4;  // a byte
constexpr unsigned kScore = 1U << 5;   // the upper 3 bytes of an IEEE 754 number, little endian, as the next two
constexpr unsigned kNeeded = 1U << 6;
constexpr unsigned kRisk = 1U << 7;
// Third byte: attempt (3 bits), then whose step it is, if it is of its own (3 bits), then:
constexpr unsigned kAttemptMask = 0x7;
constexpr unsigned kWhoShift = 3, kWhoMask = 0x7;
constexpr unsigned kCounts = 1U << 6;  // two varints
constexpr unsigned kReserved = 1U << 7;

constexpr unsigned kLastTier = static_cast<unsigned>(TierKind::reference);
constexpr std::uint32_t kExponent = 0x7F80'0000;  // all ones: infinity or no number
constexpr std::uint32_t kHalf = 0x80;

bool has_model(unsigned who) {
    return who >= static_cast<unsigned>(TierKind::student) && who <= kLastTier;
}

void pack_number(float value, Packer& out) {
    auto bits = std::bit_cast<std::uint32_t>(value);
    if (((bits + kHalf) & kExponent) != kExponent) bits += kHalf;
    for (unsigned shift = 8; shift < 32; shift += 8) out.byte((bits >> shift) & 0xFFU);
}

float unpack_number(Unpacker& in) {
    std::uint32_t bits = 0;
    for (unsigned shift = 8; shift < 32; shift += 8) bits |= in.byte() << shift;
    if ((bits & kExponent) == kExponent) in.refuse();
    return std::bit_cast<float>(bits);
}

struct Number {
    unsigned flag;
    std::uint8_t bit;
    float Reason::*member;
};
constexpr std::array<Number, 3> kNumbers = {{{kScore, Reason::kScore, &Reason::score},
                                             {kNeeded, Reason::kNeeded, &Reason::needed},
                                             {kRisk, Reason::kRisk, &Reason::risk}}};

void pack(const Step& step, std::size_t attempts, Packer& out) {
    const Reason& reason = step.reason;
    const bool own = step.own || step.attempt >= attempts;
    const unsigned who = own && (step.who <= kLastTier) ? step.who : own ? unsigned{Step::kNobody} : 0;
    unsigned flags = static_cast<unsigned>(step.verdict) | (own ? kOwn : 0) | (reason.detail != 0 ? kDetail : 0);
    for (const Number& number : kNumbers) flags |= (reason.has & number.bit) != 0 ? number.flag : 0;
    const auto attempt = static_cast<unsigned>(std::min<std::size_t>(step.attempt, attempts));
    const bool counts = (reason.has & Reason::kCounts) != 0;
    out.byte(static_cast<unsigned>(reason.said));
    out.byte(flags);
    out.byte(attempt | who << kWhoShift | (counts ? kCounts : 0));
    if (own && has_model(who)) out.varint(step.model);
    if ((flags & kDetail) != 0) out.byte(reason.detail);
    for (const Number& number : kNumbers) {
        if ((flags & number.flag) != 0) pack_number(reason.*number.member, out);
    }
    if (!counts) return;
    out.varint(reason.one);
    out.varint(reason.other);
}

void unpack(Unpacker& in, std::size_t attempts, Step& step) {
    step = Step{};
    Reason& reason = step.reason;
    reason.said = static_cast<Said>(in.byte());
    const unsigned flags = in.byte();
    const unsigned place = in.byte();
    const unsigned who = (place >> kWhoShift) & kWhoMask;
    step.own = (flags & kOwn) != 0;
    step.attempt = static_cast<std::uint8_t>(place & kAttemptMask);
    step.who = static_cast<std::uint8_t>(who);
    const bool whose = step.own ? who <= kLastTier || who == Step::kNobody : who == 0;
    const bool where = step.own ? step.attempt <= attempts : step.attempt < attempts;
    if ((flags & kVerdictMask) >= kStepVerdicts || (place & kReserved) != 0 || !whose || !where) return in.refuse();
    step.verdict = static_cast<StepVerdict>(flags & kVerdictMask);
    if (step.own && has_model(who)) step.model = static_cast<NameId>(in.varint(UINT32_MAX));
    if ((flags & kDetail) != 0) {
        reason.detail = static_cast<std::uint8_t>(in.byte());
        if (reason.detail == 0) return in.refuse();
    }
    for (const Number& number : kNumbers) {
        if ((flags & number.flag) == 0) continue;
        reason.has = static_cast<std::uint8_t>(reason.has | number.bit);
        reason.*number.member = unpack_number(in);
    }
    if ((place & kCounts) == 0) return;
    reason.has = static_cast<std::uint8_t>(reason.has | Reason::kCounts);
    reason.one = static_cast<std::uint16_t>(in.varint(UINT16_MAX));
    reason.other = static_cast<std::uint16_t>(in.varint(UINT16_MAX));
}

}  // namespace

void pack_steps(const LedgerRow& row, Packer& out) {
    const std::size_t attempts = std::min<std::size_t>(row.attempt_count, kMaxAttempts);
    for (std::size_t i = 0; i < std::min<std::size_t>(row.step_count, kMostSteps); ++i) {
        pack(row.steps[i], attempts, out);
    }
}

void unpack_steps(Unpacker& in, LedgerRow& row) {
    row.step_count = 0;
    while (in.ok() && !in.at_end()) {
        if (row.step_count == kMostSteps) return in.refuse();
        unpack(in, row.attempt_count, row.steps[row.step_count++]);
    }
    if (row.step_count == 0) in.refuse();  // such a row is written without room for them
}

}  // namespace weir::store
