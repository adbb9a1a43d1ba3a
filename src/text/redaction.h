// Takes what tells of people out of a text before it is kept: e-mail addresses, telephone, card and account numbers,
// and whatever an operator describes. What is found becomes "[email]", "[phone]", "[card]", "[iban]" or "[redacted]".
// email: something@domain.tld. card: 13 to 19 digits, perhaps in groups, whose check digit (Luhn, ISO/IEC 7812) is
// right. iban: a country, check digits and 11 to 30 more, perhaps in groups, right modulo 97 (ISO 13616). phone: 8 to
// 15 digits behind a +, in groups behind a 0, or in the North American grouping. It goes by form, so it finds neither
// everything nor only these; names are not looked for.
// Thread rule: immutable, any thread. Limits: kMostRules; those of text/pattern.h. Time linear in the text.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/pattern.h"

namespace weir::text {

class Redaction {
  public:
    static constexpr std::size_t kMostRules = 32;
    static constexpr std::string_view kKinds[] = {"email", "phone", "card", "iban"};

    Redaction() = default;  // takes out nothing
    // Each one of kKinds, or a pattern between slashes ("/ACME-[0-9]+/"). Error invalid says what is wrong with which.
    static Result<Redaction> make(std::span<const std::string> rules);
    // All of kKinds.
    static Redaction usual();

    bool empty() const { return !email_ && !phone_ && !card_ && !iban_ && patterns_.empty(); }
    std::string apply(std::string_view text) const;
    // Whether the text has one of the words that apply() puts in: something was taken out of it.
    static bool marked(std::string_view text);

  private:
    bool email_ = false, phone_ = false, card_ = false, iban_ = false;
    std::vector<Pattern> patterns_;
};

}  // namespace weir::text
