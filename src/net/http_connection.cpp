#include "net/http_connection.h"

#include <algorithm>
#include <bit>
#include <ctime>
#include <exception>

#include "base/log.h"

namespace weir::net {
namespace {

constexpr std::size_t kFirstBuffer = 4096;
constexpr std::size_t kLargestBuffer = 64 * 1024;  // larger bodies get a string of their own

constexpr Micros kLingerMicros = 1'000'000;
constexpr std::size_t kLingerBytes = 4u << 20;

bool has_no_body(unsigned status) {
    return status == 204 || status == 304;
}

}  // namespace

std::string_view ServerShared::date() {
    const Micros now = reactor.now();
    if (now >= date_valid_until) {
        const Micros wall = reactor.clock().unix_micros();
        const auto seconds = static_cast<std::time_t>(wall / 1'000'000);
        std::tm parts{};
        gmtime_r(&seconds, &parts);
        char text[64];
        const std::size_t length = std::strftime(text, sizeof text, "date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
        date_line.assign(text, length);
        date_valid_until = now + 1'000'000 - wall % 1'000'000;
    }
    return date_line;
}

HttpConnection::HttpConnection(ServerShared& shared, std::unique_ptr<Stream> stream, std::string peer)
    : shared_(shared), stream_(std::move(stream)), peer_(std::move(peer)), in_(kFirstBuffer) {
    ++shared_.connections;
}

HttpConnection::~HttpConnection() {
    --shared_.connections;
}

Task<void> HttpConnection::run() {
    while (true) {
        const Got head = co_await read_head();
        if (head == Got::end) break;
        const Got body = co_await read_body();
        if (body == Got::end) break;
        const bool more = co_await handle_one();
        if (!more) break;
    }
    if (answer_ != Answer::complete || stream_->aborted()) co_return;
    stream_->expire_after(kLingerMicros);
    co_await stream_->finish();
}

Task<bool> HttpConnection::handle_one() {
    answer_ = Answer::none;
    head_pending_ = false;
    bodyless_ = head_.method == "HEAD";
    chunked_out_ = head_.minor_version >= 1;
    stream_->set_deadline(0);
    handling_ = true;
    ++shared_.active;
    try {
        co_await shared_.handler.handle(*this);
    } catch (const std::exception& bug) {
        // The data plane throws nothing by itself: a bug, or memory has run out. It costs this caller its connection.
        log_error(std::string("a handler threw: ") + bug.what());
        answer_ = Answer::abandoned;
    }
    --shared_.active;
    handling_ = false;
    stream_->watch_peer(nullptr);
    // Where the end of the connection would end the answer, an answer cut short must not look whole.
    if (answer_ != Answer::complete && !chunked_out_) stream_->break_off();
    if (answer_ != Answer::complete || !keeps_alive() || stream_->aborted()) co_return false;
    in_.consume(head_bytes_ + body_in_buffer_);
    if (large_body_.capacity() > kLargestBuffer) large_body_ = std::string();
    co_return true;
}

bool HttpConnection::keeps_alive() const {
    return head_.keep_alive && !close_after_ && !shared_.draining && (chunked_out_ || answer_ != Answer::streaming);
}

Task<HttpConnection::Got> HttpConnection::read_head() {
    resume_from_ = 0;
    bool begun = false;
    stream_->expire_after(shared_.limits.keep_alive_micros);
    while (true) {
        if (!in_.empty()) {
            if (!begun) {
                begun = true;
                started_ = shared_.reactor.now();
                stream_->set_deadline(started_ + shared_.limits.slow_head_micros);
            }
            const http::HeadLimits limits{shared_.limits.head_bytes};
            const auto parsed = http::parse_request_head(in_.content(), limits, resume_from_, head_);
            if (parsed.state == http::Parse::complete) {
                head_bytes_ = parsed.consumed;
                co_return Got::request;
            }
            if (parsed.state == http::Parse::bad) {
                co_await refuse(parsed.status, parsed.problem);
                co_return Got::end;
            }
        }
        std::span<char> room = in_.room();
        if (room.empty()) {
            in_.grow(std::min(in_.capacity() * 2, shared_.limits.head_bytes + kFirstBuffer));
            room = in_.room();
        }
        if (room.empty()) {
            co_await refuse(431, "the request's head is too large");
            co_return Got::end;
        }
        const IoResult got = co_await stream_->read_some(room);
        if (!got.ok) {
            // Nobody is told that a connection idled too long; a head begun and not ended gets an answer if it can.
            if (begun && got.error == ErrorCode::timeout) log(LogLevel::debug, "a request head came too slowly");
            co_return Got::end;
        }
        in_.added(got.bytes);
    }
}

Task<HttpConnection::Got> HttpConnection::read_body() {
    body_ = {};
    body_in_buffer_ = 0;
    if (head_.chunked) co_return co_await read_chunked_body();
    const std::uint64_t length = head_.content_length.value_or(0);
    if (length == 0) co_return Got::request;
    if (length > shared_.limits.body_bytes) {
        co_await refuse_size();
        co_return Got::end;
    }
    const auto wanted = static_cast<std::size_t>(length);
    if (head_.expect_continue && in_.size() < head_bytes_ + wanted) {
        const IoResult sent = co_await stream_->write("HTTP/1.1 100 Continue\r\n\r\n");
        if (!sent.ok) co_return Got::end;
    }
    if (in_.size() < head_bytes_ + wanted) {
        if (head_bytes_ + wanted <= kLargestBuffer) {
            const char* const before = in_.content().data();
            if (in_.capacity() < head_bytes_ + wanted) {
                in_.grow(std::bit_ceil(head_bytes_ + wanted));
            } else {
                in_.move_to_front();
            }
            if (in_.content().data() != before) reread_head();
            while (in_.size() < head_bytes_ + wanted) {
                stream_->expire_after(shared_.limits.slow_head_micros);
                const IoResult got = co_await stream_->read_some(in_.room());
                if (!got.ok) co_return Got::end;
                in_.added(got.bytes);
            }
        } else {
            // Grows with what arrives: a length that is only announced costs nothing.
            large_body_.assign(in_.content().substr(head_bytes_));
            std::size_t have = large_body_.size();
            body_in_buffer_ = have;
            while (have < wanted) {
                if (have == large_body_.size()) {
                    const std::size_t larger = std::min(wanted, std::max(have * 2, kLargestBuffer));
                    large_body_.reserve(larger);
                    large_body_.resize(larger);
                }
                stream_->expire_after(shared_.limits.slow_head_micros);
                const IoResult got =
                    co_await stream_->read_some({large_body_.data() + have, large_body_.size() - have});
                if (!got.ok) co_return Got::end;
                have += got.bytes;
            }
            body_ = large_body_;
            co_return Got::request;
        }
    }
    body_in_buffer_ = wanted;
    body_ = in_.content().substr(head_bytes_, wanted);
    co_return Got::request;
}

// After the head has moved: its views are made anew.
void HttpConnection::reread_head() {
    resume_from_ = 0;
    http::parse_request_head(in_.content(), http::HeadLimits{shared_.limits.head_bytes}, resume_from_, head_);
}

Task<HttpConnection::Got> HttpConnection::read_chunked_body() {
    large_body_.clear();
    if (head_.expect_continue) {
        const IoResult sent = co_await stream_->write("HTTP/1.1 100 Continue\r\n\r\n");
        if (!sent.ok) co_return Got::end;
    }
    http::ChunkedDecoder decoder;
    // What follows the head in the buffer is decoded in place; later pieces go through a scratch of their own, so that
    // the head's views stay.
    std::string scratch;
    std::string_view input = in_.content().substr(head_bytes_);
    bool in_buffer = true;
    while (true) {
        std::string_view piece;
        const auto state = decoder.next(input, piece);
        if (large_body_.size() + piece.size() > shared_.limits.body_bytes) {
            co_await refuse_size();
            co_return Got::end;
        }
        large_body_.append(piece);
        if (state == http::ChunkedDecoder::State::bad) {
            co_await refuse(400, decoder.problem());
            co_return Got::end;
        }
        if (state == http::ChunkedDecoder::State::done) break;
        if (!input.empty()) continue;
        scratch.resize(kLargestBuffer / 4);
        stream_->expire_after(shared_.limits.slow_head_micros);
        const IoResult got = co_await stream_->read_some(scratch);
        if (!got.ok) co_return Got::end;
        in_buffer = false;
        input = std::string_view(scratch).substr(0, got.bytes);
    }
    if (in_buffer) {
        body_in_buffer_ = in_.size() - head_bytes_ - input.size();
    } else {
        // The rest belongs to the next request: it goes behind the head, in the place of the body.
        body_in_buffer_ = in_.size() - head_bytes_;
        if (!input.empty()) {
            in_.move_to_front();
            in_.grow(in_.size() + input.size());
            const std::span<char> room = in_.room();
            std::copy(input.begin(), input.end(), room.begin());
            in_.added(input.size());
            reread_head();
        }
    }
    body_ = large_body_;
    co_return Got::request;
}

Task<void> HttpConnection::refuse_size() {
    const std::string problem =
        "the request's body is larger than " + std::to_string(shared_.limits.body_bytes) + " bytes";
    co_await refuse(413, problem);
}

Task<void> HttpConnection::refuse(unsigned status, std::string_view problem) {
    close_after_ = true;
    answer_ = Answer::none;
    bodyless_ = false;
    chunked_out_ = true;
    const std::string body = shared_.handler.protocol_error(status, problem);
    stream_->expire_after(shared_.limits.slow_head_micros);
    const bool told = co_await respond(status, "content-type: application/json\r\n", body);
    if (!told) co_return;
    // Closing at once on unread bytes resets the connection, and the answer is lost with it: let the caller finish
    // first.
    stream_->shutdown_write();
    stream_->expire_after(kLingerMicros);
    std::string scratch(kFirstBuffer, '\0');
    for (std::size_t drained = 0; drained < kLingerBytes;) {
        const IoResult got = co_await stream_->read_some(scratch);
        if (!got.ok) break;
        drained += got.bytes;
    }
}

// A second answer would be taken for the next request's. One of which nothing went out yet may be replaced.
bool HttpConnection::can_begin() {
    const bool can = answer_ == Answer::none || (answer_ == Answer::streaming && head_pending_);
    if (!can) answer_ = Answer::abandoned;
    return can;
}

void HttpConnection::start_head(unsigned status, std::string_view header_lines) {
    out_.clear();
    out_ += "HTTP/1.1 ";
    out_ += std::to_string(status);
    out_ += ' ';
    out_ += http::reason_phrase(status);
    out_ += "\r\n";
    out_ += shared_.date();
    out_ += header_lines;
}

Task<bool> HttpConnection::respond(unsigned status, std::string_view header_lines, std::string_view body) {
    if (!can_begin()) co_return false;
    start_head(status, header_lines);
    answer_ = Answer::complete;
    head_pending_ = false;
    if (has_no_body(status)) {
        bodyless_ = true;
    } else {
        out_ += "content-length: ";
        out_ += std::to_string(body.size());
        out_ += "\r\n";
    }
    if (!keeps_alive()) {
        out_ += "connection: close\r\n";
    } else if (head_.minor_version == 0) {
        out_ += "connection: keep-alive\r\n";
    }
    out_ += "\r\n";
    stream_->expire_after(shared_.limits.write_micros);
    const std::string_view payload = bodyless_ ? std::string_view() : body;
    const IoResult sent = co_await stream_->write(out_, payload);
    stream_->set_deadline(0);
    if (!sent.ok) answer_ = Answer::abandoned;
    co_return sent.ok;
}

void HttpConnection::begin_stream(unsigned status, std::string_view header_lines) {
    if (!can_begin()) return;
    start_head(status, header_lines);
    answer_ = Answer::streaming;
    if (has_no_body(status)) {
        bodyless_ = true;
    } else if (chunked_out_) {
        out_ += "transfer-encoding: chunked\r\n";
    }
    if (!keeps_alive()) out_ += "connection: close\r\n";
    out_ += "\r\n";
    head_pending_ = true;
}

Task<bool> HttpConnection::write_piece(std::string_view piece) {
    if (answer_ != Answer::streaming) co_return false;
    co_return co_await write_framed(piece, false);
}

Task<bool> HttpConnection::end_stream(std::string_view last_piece) {
    if (answer_ != Answer::streaming) co_return false;
    if (!chunked_out_) close_after_ = true;
    answer_ = Answer::complete;
    co_return co_await write_framed(last_piece, true);
}

// One write: the head if it has not gone out, the piece as a chunk, and the end if `last`.
Task<bool> HttpConnection::write_framed(std::string_view piece, bool last) {
    if (bodyless_) piece = {};
    char chunk_head[24];
    std::string_view framing, tail;
    if (chunked_out_ && !piece.empty()) {
        framing = {chunk_head, http::write_chunk_head(piece.size(), chunk_head)};
        tail = last ? "\r\n0\r\n\r\n" : "\r\n";
    } else if (chunked_out_ && last && !bodyless_) {
        tail = http::kLastChunk;
    }
    const std::string_view pending = head_pending_ ? std::string_view(out_) : std::string_view();
    head_pending_ = false;
    if (pending.empty() && piece.empty() && tail.empty()) co_return true;
    stream_->expire_after(shared_.limits.write_micros);
    const IoResult sent = co_await stream_->write(pending, framing, piece, tail);
    stream_->set_deadline(0);
    if (!sent.ok) answer_ = Answer::abandoned;
    co_return sent.ok;
}

}  // namespace weir::net
