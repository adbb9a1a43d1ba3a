#include "tiers/tier.h"

#include "tiers/reason_words.h"

namespace weir::tiers {

std::string Climb::words() const {
    const bool offered = offer.has_value();
    if (offered && !offer->why.empty()) return offer->why;
    if (!reason.empty()) return reason;
    return words_of(offered ? offer->because : because,
                    offered ? store::StepVerdict::served : store::StepVerdict::refused);
}

}  // namespace weir::tiers
