// One caller's connection: reads requests one after the other, has each handled, writes the answers in order.
// For this room alone.
#pragma once

#include <memory>
#include <string>

#include "http/chunked.h"
#include "net/buffer.h"
#include "net/http_server.h"
#include "net/stream.h"

namespace weir::net {

// What connections of one server share.
struct ServerShared {
    ServerShared(Reactor& owner, const ServerLimits& server_limits, Handler& request_handler)
        : reactor(owner), limits(server_limits), handler(request_handler) {}

    Reactor& reactor;
    ServerLimits limits;
    Handler& handler;
    std::atomic<std::size_t> connections{0};
    std::atomic<std::size_t> active{0};
    bool draining = false;
    std::string date_line;  // "date: ...\r\n", renewed each second
    Micros date_valid_until = 0;

    std::string_view date();
};

class HttpConnection final : public Exchange {
  public:
    HttpConnection(ServerShared& shared, std::unique_ptr<Stream> stream, std::string peer);
    ~HttpConnection();
    HttpConnection(const HttpConnection&) = delete;

    Task<void> run();
    bool idle() const { return !handling_ && in_.empty(); }
    Stream& stream() { return *stream_; }

    const http::RequestHead& head() const override { return head_; }
    std::string_view body() const override { return body_; }
    Micros started_micros() const override { return started_; }
    std::string_view peer() const override { return peer_; }
    Task<bool> respond(unsigned status, std::string_view header_lines, std::string_view body) override;
    void begin_stream(unsigned status, std::string_view header_lines) override;
    Task<bool> write_piece(std::string_view piece) override;
    Task<bool> end_stream(std::string_view last_piece) override;
    bool began() const override { return answer_ != Answer::none; }
    void abandon() override { answer_ = Answer::abandoned; }
    void watch_caller(PeerWatcher* watcher) override { stream_->watch_peer(watcher); }

    HttpConnection* previous = nullptr;  // the server's list
    HttpConnection* next = nullptr;

  private:
    enum class Answer : std::uint8_t { none, streaming, complete, abandoned };
    enum class Got : std::uint8_t { request, end };

    Task<Got> read_head();
    Task<Got> read_body();
    Task<Got> read_chunked_body();
    void reread_head();
    Task<bool> handle_one();
    Task<bool> write_framed(std::string_view piece, bool last);
    Task<void> refuse(unsigned status, std::string_view problem);
    Task<void> refuse_size();
    void start_head(unsigned status, std::string_view header_lines);
    bool can_begin();
    bool keeps_alive() const;

    ServerShared& shared_;
    std::unique_ptr<Stream> stream_;
    std::string peer_;
    Buffer in_;
    http::RequestHead head_;
    std::size_t head_bytes_ = 0;
    std::size_t resume_from_ = 0;
    std::string large_body_;  // chunked bodies and those that do not fit the buffer
    std::string_view body_;
    std::size_t body_in_buffer_ = 0;
    std::string out_;  // the answer's head
    Micros started_ = 0;
    Answer answer_ = Answer::none;
    bool handling_ = false;
    bool close_after_ = false;
    bool head_pending_ = false;  // begin_stream: out_ goes with the first piece
    bool bodyless_ = false;      // the answer to HEAD, or of status 204 or 304
    bool chunked_out_ = true;    // false: HTTP/1.0 caller, the end of the connection ends the answer
};

}  // namespace weir::net
