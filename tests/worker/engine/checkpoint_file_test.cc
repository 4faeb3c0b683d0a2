#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/array_file.h"
#include "worker/engine/engine.h"

namespace rnnfarm::engine {
namespace {

using testing::HasSubstr;

rnn::CellSpec Cell() {
  rnn::CellSpec cell;
  cell.architecture = rnn::Architecture::kLstm;
  cell.units = 3;
  cell.inputs = 2;
  return cell;
}

Checkpoint Sample() {
  Checkpoint checkpoint;
  checkpoint.iteration = 1234;
  const int64_t count = rnn::ParameterCount(Cell());
  for (int64_t i = 0; i < count; ++i) {
    checkpoint.parameters.push_back(0.1f * static_cast<float>(i));
    checkpoint.velocity.push_back(-0.3f * static_cast<float>(i));
  }
  checkpoint.loss_curve = {{0, 1.0, 1.0}, {1000, 0.125, 1.0 / 3}};
  checkpoint.pending_loss = 0.1;
  return checkpoint;
}

std::string Refusal(const rnn::CellSpec& cell, absl::string_view bytes) {
  const auto read = DecodeCheckpoint(cell, bytes, "ckpt.npz");
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(read.status().message());
}

TEST(CheckpointFileTest, ComesBackAsItWasInTheSameBytes) {
  const Checkpoint checkpoint = Sample();
  const std::string bytes = *EncodeCheckpoint(Cell(), checkpoint);
  EXPECT_EQ(*EncodeCheckpoint(Cell(), checkpoint), bytes);
  const auto read = DecodeCheckpoint(Cell(), bytes, "ckpt.npz");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->iteration, 1234);
  EXPECT_EQ(read->parameters, checkpoint.parameters);
  EXPECT_EQ(read->velocity, checkpoint.velocity);
  EXPECT_EQ(read->pending_loss, 0.1);
  ASSERT_EQ(read->loss_curve.size(), 2);
  EXPECT_EQ(read->loss_curve[1].iteration, 1000);
  EXPECT_EQ(read->loss_curve[1].train_loss, 0.125);
  EXPECT_EQ(read->loss_curve[1].validation_loss, 1.0 / 3);
}

TEST(CheckpointFileTest, AnotherShapeIsRefusedByTheArraysName) {
  rnn::CellSpec larger = Cell();
  larger.units = 4;
  EXPECT_THAT(Refusal(larger, *EncodeCheckpoint(Cell(), Sample())),
              HasSubstr("array parameters has shape"));
  EXPECT_EQ(EncodeCheckpoint(larger, Sample()).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(CheckpointFileTest, WhatIsNotFiniteIsRefusedBothWays) {
  Checkpoint bad = Sample();
  bad.velocity[5] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(std::string(EncodeCheckpoint(Cell(), bad).status().message()),
              HasSubstr("velocity is not finite at element 5"));
  const auto good = base::Archive::Decode(*EncodeCheckpoint(Cell(), Sample()), "ckpt.npz");
  base::Archive changed;
  for (const auto& [name, array] : good->entries()) {
    changed.Add(name,
                name == "velocity" ? base::Array::Of<float>(array.shape, bad.velocity) : array);
  }
  EXPECT_THAT(Refusal(Cell(), *changed.Encode()), HasSubstr("velocity is not finite"));
}

TEST(CheckpointFileTest, DamagedBytesAreRefused) {
  std::string bytes = *EncodeCheckpoint(Cell(), Sample());
  EXPECT_THAT(Refusal(Cell(), bytes.substr(0, bytes.size() / 2)), HasSubstr("ckpt.npz"));
  const size_t inside = bytes.find("velocity.npy") + 400;
  bytes[inside] ^= 1;
  EXPECT_THAT(Refusal(Cell(), bytes), HasSubstr("ckpt.npz"));
}

}  // namespace
}  // namespace rnnfarm::engine
