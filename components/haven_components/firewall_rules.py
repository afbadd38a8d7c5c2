"""The rules of the managed rule groups that a load balancer's web ACL has, and those that only count.

Source: AWS WAF Developer Guide, baseline rule groups, read 2026-11-26. AWS WAF silently ignores an override of a rule
that its group doesn't have (AWS WAF API, RuleActionOverride), so names are checked here.
"""

COMMON_RULES = "AWSManagedRulesCommonRuleSet"
BAD_INPUTS = "AWSManagedRulesKnownBadInputsRuleSet"

RULES = {
    COMMON_RULES: (
        "NoUserAgent_HEADER",
        "UserAgent_BadBots_HEADER",
        "SizeRestrictions_QUERYSTRING",
        "SizeRestrictions_Cookie_HEADER",
        "SizeRestrictions_BODY",
        "SizeRestrictions_URIPATH",
        "EC2MetaDataSSRF_BODY",
        "EC2MetaDataSSRF_COOKIE",
        "EC2MetaDataSSRF_URIPATH",
        "EC2MetaDataSSRF_QUERYARGUMENTS",
        "GenericLFI_QUERYARGUMENTS",
        "GenericLFI_URIPATH",
        "GenericLFI_BODY",
        "RestrictedExtensions_URIPATH",
        "RestrictedExtensions_QUERYARGUMENTS",
        "GenericRFI_QUERYARGUMENTS",
        "GenericRFI_BODY",
        "GenericRFI_URIPATH",
        "CrossSiteScripting_COOKIE",
        "CrossSiteScripting_QUERYARGUMENTS",
        "CrossSiteScripting_BODY",
        "CrossSiteScripting_URIPATH",
    ),
    BAD_INPUTS: (
        "JavaDeserializationRCE_HEADER",
        "JavaDeserializationRCE_BODY",
        "JavaDeserializationRCE_URIPATH",
        "JavaDeserializationRCE_QUERYSTRING",
        "Host_localhost_HEADER",
        "PROPFIND_METHOD",
        "ExploitablePaths_URIPATH",
        "Log4JRCE_HEADER",
        "Log4JRCE_QUERYSTRING",
        "Log4JRCE_BODY",
        "Log4JRCE_URIPATH",
        "ReactJSRCE_BODY",
    ),
}
"""Managed rule group -> its rules."""

BODY_RULES = {
    "SizeRestrictions_BODY": "refuses bodies over 8 KB; a prompt with a document or a picture is longer",
    "EC2MetaDataSSRF_BODY": "refuses the metadata address 169.254.169.254; prompts about AWS name it",
    "GenericLFI_BODY": "refuses ../ and the like; code and shell commands contain paths",
    "GenericRFI_BODY": "refuses URLs with an IPv4 host; prompts contain URLs",
    "CrossSiteScripting_BODY": "refuses script tags; prompts contain HTML",
    "JavaDeserializationRCE_BODY": "refuses calls of Java's runtime; prompts contain Java",
    "Log4JRCE_BODY": "refuses ${jndi: ...}; prompts about security contain it",
    "ReactJSRCE_BODY": "refuses serialized React components; prompts contain JavaScript",
}
"""The rules that read the body -> what they refuse, and why prompts match: they count until the log of an application
shows that its requests don't. Headers, query strings and paths carry no prompts, so their rules refuse."""
