"""The program beside each engine: it passes requests on, answers the pod's probes and asks golden prompts.

Pods get these files from a ConfigMap, so they need Python's standard library and nothing else.
"""
