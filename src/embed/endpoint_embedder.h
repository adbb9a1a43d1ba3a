// The embedder that asks a model: an OpenAI-compatible /v1/embeddings endpoint, a provider's or a supervised
// `llama-server --embedding` child's. Texts asked for while calls are under way go together in the next one; the same
// text is asked for once; the last answers are kept. While the endpoint fails, asks fail at once (Error unavailable)
// until a pause is over, so that whoever can do without goes on without. Thread rule: one reactor thread, the
// HttpClient's. Lifetime: outlives its asks (idle() tells), goes before the client. Limits: EndpointOptions.
#pragma once

#include <coroutine>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "embed/embedder.h"
#include "net/http_client.h"

namespace weir::embed {

struct EndpointOptions {
    std::string identity;             // see Embedder; of_model_file() makes one
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
    Micros call_micros = 2'000'000;       // from the call's start until its answer's head
    Micros pause_first_micros = 500'000;  // after a failure; doubled by each further one
    Micros pause_most_micros = 30'000'000;
};

class EndpointEmbedder final : public Embedder {
  public:
    EndpointEmbedder(net::HttpClient& client, EndpointOptions options);
    ~EndpointEmbedder() override;

    const std::string& identity() const override { return options_.identity; }
    std::size_t dimensions() const override { return options_.dimensions; }
    Task<Result<Vector>> embed(std::string_view text) override;

    struct Counters {
        std::uint64_t calls = 0;
        std::uint64_t texts = 0;    // sent
        std::uint64_t kept = 0;     // answered from what was kept
        std::uint64_t joined = 0;   // waited for the same text
        std::uint64_t failed = 0;   // calls
        std::uint64_t refused = 0;  // asks, during a pause or with too many waiting
    };
    const Counters& counters() const { return counters_; }
    bool idle() const { return jobs_.empty() && calls_ == 0; }

  private:
    struct Job;
    using JobPtr = std::shared_ptr<Job>;
    struct Waiting;
    struct Kept {
        std::string text;
        Vector vector;
    };

    const Vector* kept(std::string_view text);
    void keep(const std::string& text, const Vector& vector);
    Task<void> run_calls();
    Task<void> call(const std::vector<JobPtr>& batch);
    Task<Result<std::vector<Vector>>> ask(const std::vector<std::string_view>& texts);
    void settle(const JobPtr& job, Result<Vector> result);
    void note_failure();

    net::HttpClient& client_;
    EndpointOptions options_;
    std::deque<JobPtr> queue_;                           // not yet sent
    std::unordered_map<std::string_view, JobPtr> jobs_;  // all that are not settled, by text
    std::list<Kept> kept_;                               // the latest first
    std::unordered_map<std::string_view, std::list<Kept>::iterator> kept_by_text_;
    std::size_t calls_ = 0;
    Micros pause_until_ = 0;  // steady
    Micros pause_ = 0;
    Counters counters_;
};

// "NAME:first 12 hex digits of the file's SHA-256:DIMENSIONS". Reads the whole file: start-up only. Error io.
Result<std::string> identity_of_model_file(std::string_view name, const std::string& path, std::size_t dimensions);

}  // namespace weir::embed
