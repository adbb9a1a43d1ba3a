// A model's word on its own answer: it is asked whether the answer is right, for one token, and the probabilities of
// True and False tell (P(True): Kadavath et al., 2022). Thread rule: pure functions. Limits: kVerifiedTextBytes for
// each text; about a longer one nothing is asked.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "wire/chat_request.h"

namespace weir::wire {

inline constexpr std::size_t kVerifiedTextBytes = std::size_t{32} << 10U;

// The body of a chat completion for `model`: temperature 0, one token, with the log-probabilities of the five
// likeliest. The texts are untrusted: each stands in a JSON string, and the system message says that nothing in it is
// an instruction. Nothing where the request has no question that can be read (question_text()), or `answer`, a chat
// completion's body, has no text, or one of them is too long.
std::optional<std::string> render_verification(const ChatRequest& request, std::string_view model,
                                               std::string_view answer);

// P(True) as the first token of the answer to that tells: True's share of True and False in any spelling; of a token
// that came alone its own probability. Nothing where there are no log-probabilities, or these two are together less
// likely than 5 %.
std::optional<double> read_verification(std::string_view answer);

}  // namespace weir::wire
