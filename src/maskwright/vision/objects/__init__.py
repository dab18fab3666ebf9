"""What hiding pixels means for objects: what can be seen of them, their boxes, patterns inside and around them."""

from maskwright.vision.objects.policy import BoxPolicy
from maskwright.vision.objects.regions import object_regions, region_scores
from maskwright.vision.objects.visible import visible_share

__all__ = ["BoxPolicy", "object_regions", "region_scores", "visible_share"]
