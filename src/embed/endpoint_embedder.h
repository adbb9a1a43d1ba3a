// The embedder that asks a model: an OpenAI-compatible /v1/embeddings endpoint, a provider's or a supervised
// `llama-server --embedding` child's. Texts asked for while calls are under way go together in the next one; the same
// text is asked for once; the last answers are kept. While the endpoint fails, asks fail at once (Error unavailable)
// until a pause is over, so that whoever can do without goes on without. Whoever waits is resumed from the event loop,
// never from within the embedder: it may destroy it. Thread rule: one reactor thread, the HttpClient's. Lifetime: its
// end gives Error canceled to all that wait and cuts off the calls, which hold the client until they have ended.
// Limits: EndpointOptions, endpoint_limits().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "embed/embedder.h"
#include "net/http_client.h"

namespace weir::embed {

// What an endpoint may take, where a request waits for it.
constexpr Micros kEndpointMicros = 2'000'000;

struct EndpointOptions {
    std::string identity;             // see Embedder; identity_of_model_file() makes one
    std::size_t dimensions = 0;       // what the endpoint must answer with
    std::string model = "embedding";  // for the request's body
    std::string path = "/v1/embeddings";
    std::string host_header = "localhost";
    std::string authorization_line;      // with CR LF; empty: none
    std::function<bool()> ready;         // false: not now (a child that is starting); empty: always
    std::size_t text_bytes_most = 2000;  // some 450 tokens of English
    std::size_t batch_most = 16;         // texts a call
    std::size_t calls_most = 2;          // at a time
    std::size_t waiting_most = 256;      // texts; more: Error unavailable
    std::size_t kept_most = 256;         // answers: 4 bytes a dimension, the text, and some 200 bytes
    std::size_t answer_bytes_most = std::size_t{8} << 20U;
    Micros call_micros = kEndpointMicros;  // from the call's start until its answer's head
    Micros pause_first_micros = 500'000;   // after a failure; doubled by each further one
    Micros pause_most_micros = 30'000'000;
};

// The client's limits, narrowed to kEndpointMicros for each step, so that an endpoint that hangs costs little.
net::ClientLimits endpoint_limits(net::ClientLimits usual);

class EndpointEmbedder final : public Embedder {
  public:
    EndpointEmbedder(std::shared_ptr<net::HttpClient> client, EndpointOptions options);
    // For a client that outlives the embedder and what its end cuts off (none, if it is idle()).
    EndpointEmbedder(net::HttpClient& client, EndpointOptions options);
    ~EndpointEmbedder() override;

    const std::string& identity() const override;
    std::size_t dimensions() const override;
    using Embedder::embed;
    Task<Result<Vector>> embed(std::string_view text, std::string_view head_lines) override;

    struct Counters {
        std::uint64_t calls = 0;
        std::uint64_t texts = 0;    // sent
        std::uint64_t kept = 0;     // answered from what was kept
        std::uint64_t joined = 0;   // waited for the same text
        std::uint64_t failed = 0;   // calls
        std::uint64_t refused = 0;  // asks, during a pause or with too many waiting
    };
    const Counters& counters() const;
    bool idle() const;  // nobody waits, and no call is under way

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;  // with the calls under way
};

// "NAME:first 12 hex digits of the file's SHA-256:DIMENSIONS". Reads the whole file: start-up only. Error io.
Result<std::string> identity_of_model_file(std::string_view name, const std::string& path, std::size_t dimensions);

}  // namespace weir::embed
