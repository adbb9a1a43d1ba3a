// A provider's stream on its way to a caller who speaks its API: whole events, as they are, so that one of Weir's own
// can follow them. Where its usage was asked for on Weir's behalf only, that is left out.
// Thread rule: one request, one reactor. Limits: an event at most kMaxEventBytes; of the first event kMaxFirstBytes are
// kept, beyond that nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/sse.h"
#include "wire/chat_answer.h"
#include "wire/dialect.h"
#include "wire/provider_form.h"
#include "wire/usage_watch.h"

namespace weir::gateway {

class NativeStream {
  public:
    static constexpr std::size_t kMaxEventBytes = wire::UsageWatch::kMaxEventBytes;
    static constexpr std::size_t kMaxFirstBytes = 64u << 10;

    // `form`: the API, which outlives this; nullptr: one that Weir does not know. `hide_usage`: only where the form
    // asks_usage_as_chat().
    NativeStream(const wire::ProviderForm* form, bool hide_usage);

    // Takes bytes of the stream, cut anywhere, and appends the whole events. Errors too_large, protocol (with
    // hide_usage: an event is no JSON object).
    Result<void> feed(std::string_view bytes, std::string& out);
    // The body has ended: appends what is left of an event. False: the stream had no last event, so it was cut, and
    // nothing was appended.
    bool end(std::string& out);

    std::uint64_t events() const { return events_; }

    // The caller's own error event, which goes on from what it has had.
    void break_off(wire::StreamTranslator& translator, const wire::ApiError& error, std::string& out) const;

  private:
    Result<void> pass(std::string_view bytes, std::string& out);

    const wire::ProviderForm* form_;
    http::SseSplitter splitter_;
    std::optional<wire::ChatStream> hidden_;  // without its usage
    std::string rest_;                        // an event's beginning
    std::string first_, last_;                // events as they came
    std::uint64_t events_ = 0;
    bool ended_ = false;
};

}  // namespace weir::gateway
