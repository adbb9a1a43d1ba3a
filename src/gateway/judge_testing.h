// For tests of this room: a lane whose plan has a judge, played by the test.
// Thread rule: the test's thread; what lies on the lane is touched in loop.call().
#pragma once

#include <doctest/doctest.h>

#include "base/folder_testing.h"
#include "gateway/background.h"
#include "gateway/judge.h"
#include "json/scan.h"
#include "net/loopback_testing.h"

namespace weir::gateway::testing {

// Keeps the rows.
class Rows final : public store::LedgerSink {
  public:
    store::NameId intern(std::string_view) override { return 1; }
    bool append(unsigned, const store::LedgerRow& row) override {
        kept.push_back(row);
        return true;
    }
    void name_task(unsigned, std::uint64_t, std::string_view) override {}

    std::vector<store::LedgerRow> kept;  // the reactor's thread
};

struct Asked {
    std::string system, user, a, b;  // as the judge reads them
};

class JudgeWorld {
  public:
    JudgeWorld() {
        Options options;
        options.data_folder = folder_.path();
        options.cache.disk_bytes = 0;
        auto opened = Caches::open(options, {}, loop.clock);
        REQUIRE(opened.has_value());
        caches_ = std::move(*opened);
        auto learner = cascade::CascadeLearner::start({});
        REQUIRE(learner.has_value());
        cascades_ = std::move(*learner);
        shared_.emplace(Shared{loop.clock, rows, *caches_, caches_->exact(), worker_, *cascades_});
        cascade.options.name = "c";
        record = shared_->judges->record_of("c", "p/judge");
        loop.call([&] {
            lane = std::make_unique<Lane>(loop.reactor, *shared_);
            auto plan_to_be = std::make_shared<Plan>();
            plan_to_be->cascade = &cascade;
            plan_to_be->reference = upstream_named("reference", 7);
            plan_to_be->judge = upstream_named("judge", 8);
            plan_to_be->judge_record = record;
            plan = std::move(plan_to_be);
        });
    }
    ~JudgeWorld() {
        loop.call([&] { cancel_background(*lane); });
        ended();
        loop.call([&] {
            plan.reset();
            lane.reset();
        });
    }
    JudgeWorld(const JudgeWorld&) = delete;
    JudgeWorld& operator=(const JudgeWorld&) = delete;

    JudgeCall call_of(std::string a, std::string b, RequestId request = 1) {
        JudgeCall call;
        call.plan = plan;
        call.tenant = 3;
        call.task = 4;
        call.request = request;
        call.question_system = "Be brief.";
        call.question_user = "Why?";
        call.answer_a = std::move(a);
        call.answer_b = std::move(b);
        call.then = [this](const Judgement& judgement) { told.push_back(judgement); };
        return call;
    }
    bool ask(std::string a, std::string b, RequestId request = 1) {
        return loop.call([&] { return judge(*lane, call_of(std::move(a), std::move(b), request)); });
    }
    // Until nothing is under way.
    void ended() {
        loop.eventually([&] { return lane->background_running.load() == 0; });
    }

    // The judge takes one question; answers it.
    struct Question {
        net::testing::Peer peer;
        Asked asked;
        std::string sent;  // the whole body
        void answer(std::string_view word, std::string_view status = "200 OK") {
            std::string body = R"({"id":"c","object":"chat.completion","model":"j","choices":[{"index":0,)"
                               R"("message":{"role":"assistant","content":)";
            json::write_string(word, body);
            body += R"(},"finish_reason":"length"}],)"
                    R"("usage":{"prompt_tokens":100,"completion_tokens":2,"total_tokens":102}})";
            peer.send("HTTP/1.1 " + std::string(status) +
                      "\r\nconnection: close\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
            peer.read_to_end();
        }
    };
    Question take() {
        net::testing::Peer peer = upstream.accept();
        const std::string head = peer.read_until("\r\n\r\n");
        const std::size_t length = head.find("content-length: ");
        REQUIRE(length != std::string::npos);
        const std::string body = peer.read_bytes(static_cast<std::size_t>(std::atoll(head.c_str() + length + 16)));
        std::vector<json::Member> members;
        REQUIRE(json::members(body, members).has_value());
        const auto messages = json::find_member(body, {0, body.size()}, "messages");
        REQUIRE(messages.has_value());
        std::vector<json::Span> elements;
        json::elements_within(body, *messages, elements);
        REQUIRE(elements.size() == 2);
        const auto content = json::find_member(body, elements[1], "content");
        REQUIRE(content.has_value());
        const auto material = json::as_string(content->of(body));
        REQUIRE(material.has_value());
        const std::string& text = *material;
        const auto question = json::find_member(text, {0, text.size()}, "question");
        REQUIRE(question.has_value());
        const auto string_in = [&](json::Span object, std::string_view name) {
            const auto value = json::find_member(text, object, name);
            REQUIRE(value.has_value());
            return json::as_string(value->of(text)).value_or("");
        };
        const json::Span whole{0, text.size()};
        return {std::move(peer),
                {string_in(*question, "system"), string_in(*question, "user"), string_in(whole, "a"),
                 string_in(whole, "b")},
                body};
    }
    // The judge's rule: by the texts that it is shown.
    template <class Rule>
    void serve(int questions, Rule rule) {
        for (int i = 0; i < questions; ++i) {
            Question question = take();
            question.answer(rule(question.asked));
        }
    }

    net::testing::Loop loop;
    net::testing::Listener upstream;
    Rows rows;
    CascadeRoute cascade;
    std::shared_ptr<JudgeRecord> record;
    std::shared_ptr<const Plan> plan;
    std::vector<Judgement> told;  // the reactor's thread
    std::unique_ptr<Lane> lane;

    Shared& shared() { return *shared_; }

  private:
    std::shared_ptr<const tiers::ModelUpstream> upstream_named(const std::string& name, store::NameId id) {
        auto model = std::make_shared<tiers::ModelUpstream>();
        model->provider = std::make_shared<tiers::ProviderLink>();
        {
            tiers::Endpoint endpoint;
            endpoint.client =
                std::make_unique<net::HttpClient>(loop.reactor, upstream.endpoint(), net::ClientLimits{}, nullptr);
            model->provider->endpoints.add(std::move(endpoint));
        }
        model->full_name = "p/" + name;
        model->upstream_name = name;
        model->name_id = id;
        model->price.emplace();
        model->price->input = PicoUsdPerToken{150'000};
        model->price->output = PicoUsdPerToken{600'000};
        return model;
    }

    TemporaryFolder folder_;
    std::unique_ptr<Caches> caches_;
    std::unique_ptr<cascade::CascadeLearner> cascades_;
    Worker worker_;
    std::optional<Shared> shared_;
};

}  // namespace weir::gateway::testing
