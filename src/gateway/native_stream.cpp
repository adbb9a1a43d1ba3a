#include "gateway/native_stream.h"

#include <algorithm>

namespace weir::gateway {
namespace {

wire::ChatStream::Options without_usage() {
    wire::ChatStream::Options options;
    options.hide_usage = true;
    return options;
}

// The data of one whole event.
std::string data_of(std::string_view raw) {
    http::SseSplitter splitter(NativeStream::kMaxEventBytes);
    http::SseSplitter::Event event;
    splitter.feed(raw);
    while (splitter.next(event) == http::SseSplitter::State::event) {
        if (!event.data.empty()) return std::string(event.data);
    }
    return {};
}

}  // namespace

NativeStream::NativeStream(const wire::ProviderForm* form, bool hide_usage) : form_(form), splitter_(kMaxEventBytes) {
    if (hide_usage) hidden_.emplace(without_usage());
}

Result<void> NativeStream::feed(std::string_view bytes, std::string& out) {
    if (!hidden_) return pass(bytes, out);
    Result<void> fed = hidden_->feed(bytes, out);
    events_ = hidden_->data_events();
    ended_ = hidden_->done() || hidden_->failed();
    return fed;
}

Result<void> NativeStream::pass(std::string_view bytes, std::string& out) {
    const std::size_t begin = out.size();
    out += rest_;
    out += bytes;
    rest_.clear();
    std::size_t last_bytes = 0;  // of the last event that has data, and of what came behind it
    Result<void> passed = http::feed_events(splitter_, bytes, [&](const http::SseSplitter::Event& event) {
        ++events_;
        last_bytes += event.raw.size();
        if (event.data.empty()) return Result<void>();
        last_bytes = event.raw.size();
        if (form_ == nullptr) return Result<void>();
        ended_ = ended_ || form_->is_last_event(event);
        if (first_.empty() && event.raw.size() <= kMaxFirstBytes) first_ = event.raw;
        return Result<void>();
    });
    const std::size_t held = std::min(splitter_.pending(), out.size() - begin);
    rest_.assign(out, out.size() - held);
    out.resize(out.size() - held);
    if (form_ != nullptr && last_bytes > 0 && last_bytes <= out.size() - begin) {
        last_.assign(out, out.size() - last_bytes);
    }
    return passed;
}

bool NativeStream::end(std::string& out) {
    if (hidden_ && !ended_) {
        const std::size_t before = out.size();
        const bool whole = hidden_->feed("\n\n", out) && hidden_->done();
        if (!whole) out.resize(before);
        return whole;
    }
    if (form_ != nullptr && !ended_ && !rest_.empty()) {
        // Its last event may lack its blank line.
        std::string lines = rest_;
        lines += "\n\n";
        http::SseSplitter whole(kMaxEventBytes);
        http::SseSplitter::Event event;
        whole.feed(lines);
        while (whole.next(event) == http::SseSplitter::State::event) {
            ended_ = ended_ || (!event.data.empty() && form_->is_last_event(event));
        }
    }
    if (form_ != nullptr && !ended_) return false;
    out += rest_;
    rest_.clear();
    return true;
}

void NativeStream::break_off(wire::StreamTranslator& translator, const wire::ApiError& error, std::string& out) const {
    if (!last_.empty()) translator.go_on_after(data_of(first_), data_of(last_));
    translator.break_off(error, out);
}

}  // namespace weir::gateway
