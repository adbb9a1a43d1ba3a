#include "embed/endpoint_embedder.h"

#include <algorithm>
#include <coroutine>
#include <deque>
#include <fstream>
#include <list>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "embed/embeddings_json.h"

namespace weir::embed {

namespace {

struct Job {
    std::string text, head_lines;
    std::vector<std::coroutine_handle<>> waiters;
    Result<Vector> result = fail(ErrorCode::internal, "not asked");
    bool settled = false;
};
using JobPtr = std::shared_ptr<Job>;

struct Waiting {
    Job& job;
    bool await_ready() const noexcept { return job.settled; }
    void await_suspend(std::coroutine_handle<> waiter) { job.waiters.push_back(waiter); }
    void await_resume() const noexcept {}
};

struct Kept {
    std::string text;
    Vector vector;
};

// While it lives, the call is among `calls`.
class UnderWay {
  public:
    UnderWay(std::vector<net::HttpCall*>& calls, net::HttpCall& call) : calls_(calls), call_(&call) {
        calls_.push_back(call_);
    }
    ~UnderWay() { std::erase(calls_, call_); }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;

  private:
    std::vector<net::HttpCall*>& calls_;
    net::HttpCall* call_;
};

}  // namespace

// The calls under way hold it, and with it the client: the embedder may go meanwhile.
struct EndpointEmbedder::Impl : std::enable_shared_from_this<Impl> {
    Impl(std::shared_ptr<net::HttpClient> to, EndpointOptions given)
        : client(std::move(to)), options(std::move(given)) {
        options.batch_most = std::max<std::size_t>(1, options.batch_most);
        options.calls_most = std::max<std::size_t>(1, options.calls_most);
    }

    const Vector* find_kept(std::string_view text);
    void keep(const std::string& text, const Vector& vector);
    Task<Result<Vector>> embed(std::string_view text, std::string_view head_lines);
    static Task<void> run_calls(std::shared_ptr<Impl> self);
    Task<void> call(const std::vector<JobPtr>& batch);
    Task<Result<std::vector<Vector>>> ask(const std::vector<std::string_view>& texts, std::string_view head_lines);
    void settle(const JobPtr& job, Result<Vector> result);
    void note_failure();
    void close();

    std::shared_ptr<net::HttpClient> client;
    EndpointOptions options;
    std::deque<JobPtr> queue;                           // not yet sent
    std::unordered_map<std::string_view, JobPtr> jobs;  // all that are not settled, by text
    std::list<Kept> kept;                               // the latest first
    std::unordered_map<std::string_view, std::list<Kept>::iterator> kept_by_text;
    std::vector<net::HttpCall*> calls_under_way;
    std::size_t calls = 0;
    Micros pause_until = 0;  // steady
    Micros pause = 0;
    Counters counters;
    bool closed = false;
};

const Vector* EndpointEmbedder::Impl::find_kept(std::string_view text) {
    const auto found = kept_by_text.find(text);
    if (found == kept_by_text.end()) return nullptr;
    kept.splice(kept.begin(), kept, found->second);
    return &kept.front().vector;
}

void EndpointEmbedder::Impl::keep(const std::string& text, const Vector& vector) {
    if (options.kept_most == 0 || kept_by_text.contains(text)) return;
    kept.push_front({text, vector});
    kept_by_text.emplace(kept.front().text, kept.begin());
    if (kept.size() <= options.kept_most) return;
    kept_by_text.erase(kept.back().text);
    kept.pop_back();
}

Task<Result<Vector>> EndpointEmbedder::Impl::embed(std::string_view text, std::string_view head_lines) {
    if (text.empty()) co_return fail(ErrorCode::invalid, "an empty text can't be embedded");
    if (text.size() > options.text_bytes_most) {
        co_return fail(ErrorCode::too_large, "a text of " + std::to_string(text.size()) +
                                                 " bytes can't be embedded, at most " +
                                                 std::to_string(options.text_bytes_most));
    }
    if (const Vector* known = find_kept(text)) {
        ++counters.kept;
        co_return *known;
    }
    JobPtr job;
    if (const auto under_way = jobs.find(text); under_way != jobs.end()) {
        ++counters.joined;
        job = under_way->second;
    } else {
        const bool paused = client->reactor().now() < pause_until;
        const bool not_ready = options.ready && !options.ready();
        if (paused || not_ready || queue.size() >= options.waiting_most) {
            ++counters.refused;
            const char* why = not_ready ? "is not ready" : paused ? "failed a moment ago" : "has too much to do";
            co_return fail(ErrorCode::unavailable, std::string("the embedding endpoint ") + why);
        }
        job = std::make_shared<Job>();
        job->text = text;
        job->head_lines = head_lines;
        jobs.emplace(job->text, job);
        queue.push_back(job);
        if (calls < options.calls_most) {
            ++calls;
            const std::shared_ptr<Impl> self = shared_from_this();
            spawn(run_calls(self));
        }
    }
    Waiting waiting{*job};
    co_await waiting;
    co_return job->result;
}

// Makes calls until nothing is waiting.
Task<void> EndpointEmbedder::Impl::run_calls(std::shared_ptr<Impl> self) {
    std::deque<JobPtr>& queue = self->queue;
    while (!queue.empty()) {
        std::vector<JobPtr> batch;
        while (!queue.empty() && batch.size() < self->options.batch_most) {
            batch.push_back(std::move(queue.front()));
            queue.pop_front();
        }
        co_await self->call(batch);
    }
    --self->calls;
}

Task<void> EndpointEmbedder::Impl::call(const std::vector<JobPtr>& batch) {
    std::vector<std::string_view> texts;
    std::string_view head_lines;
    for (const JobPtr& job : batch) {
        texts.push_back(job->text);
        if (head_lines.empty()) head_lines = job->head_lines;
    }
    Result<std::vector<Vector>> answer = co_await ask(texts, head_lines);
    if (closed) co_return;
    const bool refused = !answer && answer.error().code == ErrorCode::invalid;
    if (refused && batch.size() > 1) {
        // One of them is what the endpoint doesn't take: the others need not suffer.
        for (const JobPtr& job : batch) {
            const std::vector<JobPtr> alone{job};
            co_await call(alone);
            if (closed) co_return;
        }
        co_return;
    }
    if (!answer && !refused) {
        note_failure();
    } else {
        pause = 0;
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
        if (answer) {
            keep(batch[i]->text, (*answer)[i]);
            settle(batch[i], std::move((*answer)[i]));
        } else {
            settle(batch[i], tl::unexpected(answer.error()));
        }
    }
}

Task<Result<std::vector<Vector>>> EndpointEmbedder::Impl::ask(const std::vector<std::string_view>& texts,
                                                              std::string_view head_lines) {
    ++counters.calls;
    counters.texts += texts.size();
    const std::string body = embeddings_request(options.model, texts);
    const std::string head = "POST " + options.path + " HTTP/1.1\r\nhost: " + options.host_header + "\r\n" +
                             options.authorization_line + std::string(head_lines) +
                             "content-type: application/json\r\ncontent-length: " + std::to_string(body.size()) +
                             "\r\n\r\n";
    const Micros deadline = client->reactor().now() + options.call_micros;
    net::HttpCall http(*client);
    const UnderWay listed(calls_under_way, http);
    Result<void> sent = co_await http.send(head, body, deadline);
    if (!sent) co_return tl::unexpected(sent.error());
    const unsigned status = http.response().status;
    std::string answer;
    Result<void> read = co_await http.read_all(answer, options.answer_bytes_most);
    if (!read) co_return tl::unexpected(read.error());
    if (status != 200) {
        // llama-server says 500 to a text that is too long; what is wrong with the endpoint itself looks otherwise.
        const bool about_the_text = status == 400 || status == 413 || status == 422 || status == 500;
        co_return fail(about_the_text ? ErrorCode::invalid : ErrorCode::unavailable,
                       "the embedding endpoint answered " + std::to_string(status) + ": " + answer.substr(0, 200));
    }
    co_return read_embeddings(answer, texts.size(), options.dimensions);
}

// The job lives until the last of its waiters has the result. They go on from the event loop, in order: one of them may
// destroy the embedder, or ask it again.
void EndpointEmbedder::Impl::settle(const JobPtr& job, Result<Vector> result) {
    job->result = std::move(result);
    job->settled = true;
    jobs.erase(job->text);
    for (const std::coroutine_handle<> waiter : job->waiters) client->reactor().post(waiter);
    job->waiters.clear();
}

void EndpointEmbedder::Impl::note_failure() {
    ++counters.failed;
    pause = std::clamp(pause * 2, options.pause_first_micros, options.pause_most_micros);
    pause_until = client->reactor().now() + pause;
}

void EndpointEmbedder::Impl::close() {
    closed = true;
    queue.clear();
    while (!jobs.empty()) {
        const JobPtr job = jobs.begin()->second;
        settle(job, fail(ErrorCode::canceled, "the embedder is gone"));
    }
    const std::vector<net::HttpCall*> to_end = calls_under_way;  // a call may leave the list as it is canceled
    for (net::HttpCall* const call : to_end) call->cancel();
}

EndpointEmbedder::EndpointEmbedder(std::shared_ptr<net::HttpClient> client, EndpointOptions options)
    : impl_(std::make_shared<Impl>(std::move(client), std::move(options))) {}

EndpointEmbedder::EndpointEmbedder(net::HttpClient& client, EndpointOptions options)
    : EndpointEmbedder(std::shared_ptr<net::HttpClient>(std::shared_ptr<void>(), &client), std::move(options)) {}

EndpointEmbedder::~EndpointEmbedder() {
    impl_->close();
}

const std::string& EndpointEmbedder::identity() const {
    return impl_->options.identity;
}
std::size_t EndpointEmbedder::dimensions() const {
    return impl_->options.dimensions;
}
Task<Result<Vector>> EndpointEmbedder::embed(std::string_view text, std::string_view head_lines) {
    return impl_->embed(text, head_lines);
}
const EndpointEmbedder::Counters& EndpointEmbedder::counters() const {
    return impl_->counters;
}
bool EndpointEmbedder::idle() const {
    return impl_->jobs.empty() && impl_->calls == 0;
}

net::ClientLimits endpoint_limits(net::ClientLimits usual) {
    for (Micros* limit : {&usual.connect_micros, &usual.write_micros, &usual.first_byte_micros, &usual.idle_micros}) {
        *limit = std::min(*limit, kEndpointMicros);
    }
    return usual;
}

Result<std::string> identity_of_model_file(std::string_view name, const std::string& path, std::size_t dimensions) {
    std::ifstream file(path, std::ios::binary);
    std::vector<char> piece(std::size_t{1} << 20U);
    Sha256 hash;
    while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())) || file.gcount() > 0) {
        hash.update({piece.data(), static_cast<std::size_t>(file.gcount())});
    }
    if (!file.eof()) return fail(ErrorCode::io, "model file can't be read: " + path);
    return std::string(name) + ":" + to_hex(hash.finish()).substr(0, 12) + ":" + std::to_string(dimensions);
}

}  // namespace weir::embed
