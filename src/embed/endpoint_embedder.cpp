#include "embed/endpoint_embedder.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "base/hash.h"
#include "embed/embeddings_json.h"

namespace weir::embed {

struct EndpointEmbedder::Job {
    std::string text;
    std::vector<std::coroutine_handle<>> waiters;
    Result<Vector> result = fail(ErrorCode::internal, "not asked");
    bool settled = false;
};

struct EndpointEmbedder::Waiting {
    Job& job;
    bool await_ready() const noexcept { return job.settled; }
    void await_suspend(std::coroutine_handle<> waiter) { job.waiters.push_back(waiter); }
    void await_resume() const noexcept {}
};

EndpointEmbedder::EndpointEmbedder(net::HttpClient& client, EndpointOptions options)
    : client_(client), options_(std::move(options)) {
    options_.batch_most = std::max<std::size_t>(1, options_.batch_most);
    options_.calls_most = std::max<std::size_t>(1, options_.calls_most);
}
EndpointEmbedder::~EndpointEmbedder() = default;

const Vector* EndpointEmbedder::kept(std::string_view text) {
    const auto found = kept_by_text_.find(text);
    if (found == kept_by_text_.end()) return nullptr;
    kept_.splice(kept_.begin(), kept_, found->second);
    return &kept_.front().vector;
}

void EndpointEmbedder::keep(const std::string& text, const Vector& vector) {
    if (options_.kept_most == 0 || kept_by_text_.contains(text)) return;
    kept_.push_front({text, vector});
    kept_by_text_.emplace(kept_.front().text, kept_.begin());
    if (kept_.size() <= options_.kept_most) return;
    kept_by_text_.erase(kept_.back().text);
    kept_.pop_back();
}

Task<Result<Vector>> EndpointEmbedder::embed(std::string_view text) {
    if (text.empty()) co_return fail(ErrorCode::invalid, "an empty text can't be embedded");
    if (text.size() > options_.text_bytes_most) {
        co_return fail(ErrorCode::too_large, "a text of " + std::to_string(text.size()) +
                                                 " bytes can't be embedded, at most " +
                                                 std::to_string(options_.text_bytes_most));
    }
    if (const Vector* known = kept(text)) {
        ++counters_.kept;
        co_return *known;
    }
    JobPtr job;
    if (const auto under_way = jobs_.find(text); under_way != jobs_.end()) {
        ++counters_.joined;
        job = under_way->second;
    } else {
        const bool paused = client_.reactor().now() < pause_until_;
        const bool not_ready = options_.ready && !options_.ready();
        if (paused || not_ready || queue_.size() >= options_.waiting_most) {
            ++counters_.refused;
            const char* why = not_ready ? "is not ready" : paused ? "failed a moment ago" : "has too much to do";
            co_return fail(ErrorCode::unavailable, std::string("the embedding endpoint ") + why);
        }
        job = std::make_shared<Job>();
        job->text = text;
        jobs_.emplace(job->text, job);
        queue_.push_back(job);
        if (calls_ < options_.calls_most) {
            ++calls_;
            spawn(run_calls());
        }
    }
    Waiting waiting{*job};
    co_await waiting;
    co_return job->result;
}

// Makes calls until nothing is waiting.
Task<void> EndpointEmbedder::run_calls() {
    while (!queue_.empty()) {
        std::vector<JobPtr> batch;
        while (!queue_.empty() && batch.size() < options_.batch_most) {
            batch.push_back(std::move(queue_.front()));
            queue_.pop_front();
        }
        co_await call(batch);
    }
    --calls_;
}

Task<void> EndpointEmbedder::call(const std::vector<JobPtr>& batch) {
    std::vector<std::string_view> texts;
    for (const JobPtr& job : batch) texts.push_back(job->text);
    Result<std::vector<Vector>> answer = co_await ask(texts);
    const bool refused = !answer && answer.error().code == ErrorCode::invalid;
    if (refused && batch.size() > 1) {
        // One of them is what the endpoint doesn't take: the others need not suffer.
        for (const JobPtr& job : batch) {
            const std::vector<JobPtr> alone{job};
            co_await call(alone);
        }
        co_return;
    }
    if (!answer && !refused) {
        note_failure();
    } else {
        pause_ = 0;
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

Task<Result<std::vector<Vector>>> EndpointEmbedder::ask(const std::vector<std::string_view>& texts) {
    ++counters_.calls;
    counters_.texts += texts.size();
    const std::string body = embeddings_request(options_.model, texts);
    const std::string head =
        "POST " + options_.path + " HTTP/1.1\r\nhost: " + options_.host_header + "\r\n" + options_.authorization_line +
        "content-type: application/json\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n";
    const Micros deadline = client_.reactor().now() + options_.call_micros;
    net::HttpCall http(client_);
    Result<void> sent = co_await http.send(head, body, deadline);
    if (!sent) co_return tl::unexpected(sent.error());
    const unsigned status = http.response().status;
    std::string answer;
    Result<void> read = co_await http.read_all(answer, options_.answer_bytes_most);
    if (!read) co_return tl::unexpected(read.error());
    if (status != 200) {
        // llama-server says 500 to a text that is too long; what is wrong with the endpoint itself looks otherwise.
        const bool about_the_text = status == 400 || status == 413 || status == 422 || status == 500;
        co_return fail(about_the_text ? ErrorCode::invalid : ErrorCode::unavailable,
                       "the embedding endpoint answered " + std::to_string(status) + ": " + answer.substr(0, 200));
    }
    co_return read_embeddings(answer, texts.size(), options_.dimensions);
}

// The waiters go on at once, each in its own frame; the job lives until the last of them has its result.
void EndpointEmbedder::settle(const JobPtr& job, Result<Vector> result) {
    job->result = std::move(result);
    job->settled = true;
    jobs_.erase(job->text);
    const std::vector<std::coroutine_handle<>> waiters = std::move(job->waiters);
    for (const std::coroutine_handle<> waiter : waiters) waiter.resume();
}

void EndpointEmbedder::note_failure() {
    ++counters_.failed;
    pause_ = std::clamp(pause_ * 2, options_.pause_first_micros, options_.pause_most_micros);
    pause_until_ = client_.reactor().now() + pause_;
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
