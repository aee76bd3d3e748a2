#!/usr/bin/env python3
"""The image code's work done with OpenCV and NumPy on one thread, as tests/bench/native/image_bench.cc times it.

usage: image_vs_opencv.py [OUTPUT_OF_IMAGE_BENCH]

Prints JSON lines {name, medianMs, p10, p90, runs}; given the output of image_bench (same machine, same hour), also
{name, against, ratio} for each pair, where ratio is OpenCV's median over ours. Both measure CPU time, all of it on
one thread: by the wall clock, a busy machine interrupts OpenCV's long runs more often than our short ones, which
makes ratios several times too good.
"""

import json
import sys
import time

import cv2
import numpy as np

MEAN = np.array([123.675, 116.28, 103.53], np.float32)
STD = np.array([58.395, 57.12, 57.375], np.float32)
WIDTH, HEIGHT = 1920, 1080
FILTERS = {'area': cv2.INTER_AREA, 'bilinear': cv2.INTER_LINEAR, 'bicubic': cv2.INTER_CUBIC}
# What each of ours is compared with: OpenCV has no antialiased filter but INTER_AREA.
AGAINST = {'bilinear-antialias': 'area', 'bicubic-antialias': 'area', 'area': 'area', 'bilinear': 'bilinear',
           'bicubic': 'bicubic'}


def picture(channels):
    random = np.random.default_rng(7)
    small = random.integers(0, 256, (68, 120, channels), np.uint8)
    large = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return large.reshape(HEIGHT, WIDTH, channels)


def prepare(source, size, interpolation, convert):
    """uint8 picture → float32 [3, size, size], zeros below: the usual way, each step OpenCV's own."""
    rgb = cv2.cvtColor(source, convert) if convert is not None else source
    scale = size / max(WIDTH, HEIGHT)
    shape = (int(WIDTH * scale + 0.5), int(HEIGHT * scale + 0.5))
    resized = cv2.resize(rgb, shape, interpolation=interpolation).astype(np.float32)
    resized -= MEAN
    resized /= STD
    out = np.zeros((3, size, size), np.float32)
    out[:, : shape[1], : shape[0]] = resized.transpose(2, 0, 1)
    return out


def prepare_with_cv2_only(source, size, interpolation, convert):
    """The same with cv2's own arithmetic and split(), which is faster than NumPy's on some machines."""
    rgb = cv2.cvtColor(source, convert) if convert is not None else source
    scale = size / max(WIDTH, HEIGHT)
    shape = (int(WIDTH * scale + 0.5), int(HEIGHT * scale + 0.5))
    resized = cv2.resize(rgb, shape, interpolation=interpolation)
    out = np.zeros((3, size, size), np.float32)
    for c, plane in enumerate(cv2.split(resized)):
        target = out[c, : shape[1], : shape[0]]
        target[:] = cv2.addWeighted(plane, 1 / float(STD[c]), plane, 0, -float(MEAN[c] / STD[c]), dtype=cv2.CV_32F)
    return out


def measure(work, seconds=0.4):
    times = []
    work()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 20:
        start = time.process_time()
        work()
        times.append((time.process_time() - start) * 1000)
    p10, median, p90 = np.percentile(times, [10, 50, 90])
    return {'medianMs': round(median, 3), 'p10': round(p10, 3), 'p90': round(p90, 3), 'runs': len(times)}


def main():
    cv2.setNumThreads(1)
    yuv = np.concatenate([picture(1).reshape(HEIGHT, WIDTH), picture(1).reshape(HEIGHT, WIDTH)[: HEIGHT // 2]])
    sources = {
        'RGB': (picture(3), None),
        'BGRx': (picture(4), cv2.COLOR_BGRA2RGB),
        'NV12': (np.ascontiguousarray(yuv), cv2.COLOR_YUV2RGB_NV12),
        'I420': (np.ascontiguousarray(yuv), cv2.COLOR_YUV2RGB_I420),
        'YUY2': (picture(2), cv2.COLOR_YUV2RGB_YUY2),
    }
    results = {}
    for size in (1024, 512):
        for name, (source, convert) in sources.items():
            for filter_name, interpolation in FILTERS.items():
                ways = [
                    measure(lambda way=way: way(source, size, interpolation, convert))
                    for way in (prepare, prepare_with_cv2_only)
                ]
                best = min(ways, key=lambda way: way['medianMs'])
                result = {'name': f'{name} {filter_name} {WIDTH}x{HEIGHT} to {size}', **best}
                results[result['name']] = result
                print(json.dumps(result), flush=True)
    if len(sys.argv) > 1:
        with open(sys.argv[1], encoding='utf-8') as lines:
            ours = [json.loads(line) for line in lines if line.startswith('{')]
        for result in ours:
            source, filter_name, rest = result['name'].split(' ', 2)
            against = f'{source} {AGAINST.get(filter_name)} {rest}'
            if against in results:
                ratio = results[against]['medianMs'] / result['medianMs']
                print(json.dumps({'name': result['name'], 'against': against, 'ratio': round(ratio, 2)}))


if __name__ == '__main__':
    main()
