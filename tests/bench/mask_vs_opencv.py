#!/usr/bin/env python3
"""The mask code's work done with OpenCV on one thread: resize, threshold, COCO RLE string.

usage: mask_vs_opencv.py DIR [OUTPUT_OF_MASK_BENCH]

DIR is what `mask_bench SECONDS '' DIR` wrote: logits and our strings. Prints JSON lines {name, way, medianMs, p10,
p90, runs, differing}: `differing` is the share of pixels that differ from our mask. Two ways of making the RLE are
timed: plain NumPy, and (where a C compiler is found) a compiled loop over the column-major mask as pycocotools has it.
Neither computes a stability score or a box; ours does. Given the output of mask_bench (same machine, same hour), also
{name, against, ratio}, where ratio is the fastest way's median over ours.
"""

import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np

GRID, WIDTH, HEIGHT = 256, 1920, 1080

# Run lengths of a column-major mask, then their text: 5 bits a character, differences from the fourth run on.
C_SOURCE = r"""
#include <stddef.h>
size_t encode(const unsigned char *mask, size_t pixels, unsigned *runs, char *text) {
  size_t n = 0, length = 0;
  unsigned run = 0;
  unsigned char value = 0;
  for (size_t i = 0; i < pixels; i++) {
    if (mask[i] != value) { runs[n++] = run; run = 0; value = mask[i]; }
    run++;
  }
  runs[n++] = run;
  for (size_t i = 0; i < n; i++) {
    long x = i > 2 ? (long)runs[i] - (long)runs[i - 2] : (long)runs[i];
    for (int more = 1; more;) {
      char c = x & 31;
      x >>= 5;
      more = (c & 16) ? x != -1 : x != 0;
      text[length++] = (more ? c | 32 : c) + 48;
    }
  }
  return length;
}
"""


def compiled_encoder(folder):
    compiler = shutil.which('cc') or shutil.which('gcc')
    if compiler is None:
        return None
    source, library = os.path.join(folder, 'rle.c'), os.path.join(folder, 'rle.so')
    with open(source, 'w', encoding='utf-8') as file:
        file.write(C_SOURCE)
    subprocess.run([compiler, '-O3', '-shared', '-fPIC', source, '-o', library], check=True)
    encode = ctypes.CDLL(library).encode
    encode.restype = ctypes.c_size_t
    encode.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p]
    runs = np.empty(WIDTH * HEIGHT + 1, np.uint32)
    text = np.empty(7 * (WIDTH * HEIGHT + 1), np.uint8)

    def rle(mask):
        columns = cv2.transpose(mask)
        length = encode(columns.ctypes.data, columns.size, runs.ctypes.data, text.ctypes.data)
        return text[:length].tobytes().decode('ascii')

    return rle


def numpy_rle(mask):
    """Row-major uint8 0/1 → RLE string."""
    columns = cv2.transpose(mask).reshape(-1)
    flips = np.flatnonzero(columns[1:] != columns[:-1]) + 1
    starts = np.concatenate([[0] if columns[0] == 0 else [0, 0], flips, [columns.size]])
    counts = np.diff(starts)
    values = counts.copy()
    values[3:] -= counts[1:-2]
    # All numbers at once, digit by digit: a digit is the last one when the rest is its sign.
    digits = []
    alive = np.ones(values.size, bool)
    while alive.any():
        bits = values & 31
        values = values >> 5
        more = alive & np.where(bits & 16, values != -1, values != 0)
        digits.append(np.where(alive, bits + 48 + 32 * more, 0))
        alive = more
    text = np.stack(digits, 1).reshape(-1).astype(np.uint8)
    return text[text != 0].tobytes().decode('ascii')


def threshold(image):
    return cv2.threshold(image, 0, 1, cv2.THRESH_BINARY)[1].astype(np.uint8)


def compare(image):
    return cv2.compare(image, 0, cv2.CMP_GT) & 1


def resize(logits, via_input):
    if via_input:
        logits = cv2.resize(logits, (1024, 1024), interpolation=cv2.INTER_LINEAR)[:576]
    else:
        logits = logits[: GRID * HEIGHT // WIDTH]
    return cv2.resize(logits, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)


def decode(text):
    """RLE string → column-major mask, one number at a time."""
    counts, value, shift = [], 0, 0
    for character in text.encode('ascii'):
        bits = character - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value, shift = 0, 0
    return np.repeat(np.arange(len(counts)) % 2, counts)


def measure(work, seconds=0.5):
    times = []
    work()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 20:
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    p10, median, p90 = np.percentile(times, [10, 50, 90])
    return {'medianMs': round(median, 3), 'p10': round(p10, 3), 'p90': round(p90, 3), 'runs': len(times)}


def main():
    cv2.setNumThreads(1)
    folder = sys.argv[1]
    fastest = {}
    with tempfile.TemporaryDirectory() as build:
        encoders = {'numpy': numpy_rle, 'compiled': compiled_encoder(build)}
        for field in ('blob', 'small', 'busy'):
            logits = np.fromfile(os.path.join(folder, f'{field}.f32'), np.float32).reshape(GRID, GRID)
            for way in ('direct', 'via-input'):
                name = f'mask {field} {way}'
                with open(os.path.join(folder, f'{name}.rle'), encoding='ascii') as file:
                    ours = decode(file.read())
                for binary in (threshold, compare):
                    for encoder, rle in encoders.items():
                        if rle is None:
                            continue

                        def work(rle=rle, binary=binary, logits=logits, way=way):
                            return rle(binary(resize(logits, way == 'via-input')))

                        differing = float(np.mean(decode(work()) != ours))
                        label = f'resize + {binary.__name__} + {encoder} RLE'
                        result = {'name': name, 'way': label, **measure(work), 'differing': differing}
                        print(json.dumps(result), flush=True)
                        if name not in fastest or result['medianMs'] < fastest[name]['medianMs']:
                            fastest[name] = result
    if len(sys.argv) > 2:
        with open(sys.argv[2], encoding='utf-8') as lines:
            results = [json.loads(line) for line in lines if line.startswith('{')]
        for result in results:
            if result['name'] in fastest:
                against = fastest[result['name']]
                ratio = against['medianMs'] / result['medianMs']
                print(json.dumps({'name': result['name'], 'simd': result['simd'], 'against': against['way'],
                                  'ratio': round(ratio, 1)}))


if __name__ == '__main__':
    main()
