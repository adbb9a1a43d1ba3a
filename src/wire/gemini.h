// Internal to the Gemini form: its parts. gemini_form.h is what others see.
// Thread rule: pure functions; a stream belongs to one request.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "wire/provider_form.h"

namespace weir::wire::gemini {

// Whether a model is Gemini 3 or later by its name (behind the last '/'; names without a version, as
// gemini-flash-latest, are): it is told how much to think in levels, not in tokens, and wants a thought signature with
// the calls of the history.
bool is_third_generation(std::string_view model);

// ProviderExchange::notes of a request with tools of Google's own, which may bring sources.
constexpr std::string_view kMaySearch = "may search";

// ProviderForm's, of the same names.
void append_path(const ProviderExchange& exchange, std::string& path);
Result<void> request_from_chat(std::string_view chat_body, std::string& error_param, ProviderExchange& exchange,
                               std::string& out);
Result<void> body_to_chat(std::string_view body, const ProviderExchange& exchange, std::string& chat_body);
std::unique_ptr<ProviderStream> stream_to_chat(const ProviderExchange& exchange);
ApiError error_of(unsigned status, std::string_view body);

}  // namespace weir::wire::gemini
